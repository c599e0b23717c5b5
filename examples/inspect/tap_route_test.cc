#include "examples/inspect/tap_route.h"

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/core/http/http_status.h"
#include "weft/transport/tls_context.h"

namespace examples {
namespace {

using ::testing::HasSubstr;

class TapRouteTest : public ::testing::Test {
 protected:
  TapRouteTest() {
    rules_.targets = {{.host = "127.0.0.1", .port = 8080},
                      {.host = "example.com", .port = 443, .tls = *weft::TlsContext::ForClient()}};
  }

  static std::string Request(absl::string_view target, absl::string_view lines = "",
                             absl::string_view host = "127.0.0.1:8081") {
    return absl::StrCat("GET ", target, " HTTP/1.1\r\nHost: ", host,
                        "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n", lines, "\r\n");
  }

  // "target: head", or "status: message".
  std::string Route(absl::string_view head) const {
    const absl::StatusOr<TapRoute> route = RouteOf(head, rules_);
    if (route.ok()) return absl::StrCat(route->target->url(), ": ", route->head);
    return absl::StrCat(weft::HttpStatusOf(route.status()), ": ", route.status().message());
  }

  void ExpectUnchanged(const std::string& head) const {
    EXPECT_EQ(Route(head), absl::StrCat("ws://127.0.0.1:8080/: ", head));
  }

  TapRules rules_;
};

TEST_F(TapRouteTest, WithoutATargetARequestIsUnchanged) {
  ExpectUnchanged(Request("/"));
  ExpectUnchanged(Request("/chat?to=ws://example.com", "Cookie: a=b\r\n"));
  ExpectUnchanged(Request("/?to=bob"));
}

// Of the next one on its connection nobody would check the Host and the Origin.
TEST_F(TapRouteTest, ARequestForAnythingElseIsTheLastOfItsConnection) {
  EXPECT_EQ(
      Route("\r\nGET / HTTP/1.1\r\nHost: localhost\r\nconnection: keep-alive\r\nX: 1\r\n\r\n"),
      "ws://127.0.0.1:8080/: GET / HTTP/1.1\r\nHost: localhost\r\nX: 1\r\nConnection: "
      "close\r\n\r\n");
  EXPECT_THAT(Route("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n"
                    "Content-Length: 2\r\n\r\n"),
              HasSubstr("400: more than one Content-Length"));
}

// A test of a server's errors sends such a head, and so can a page, which cannot ask for an Upgrade
// by itself: with control characters in a header, or with very many headers.
TEST_F(TapRouteTest, AMalformedHeadIsUnchangedUnlessAPageMayHaveSentIt) {
  ExpectUnchanged("POKE\r\n\r\n");
  ExpectUnchanged("GET / HTTP/1.1\r\nHost: localhost:8081\r\nUpgrade: websocket\r\nbad\r\n\r\n");
  std::string many = "x: y\r\n";
  for (int i = 0; i < 7; ++i) many += many;
  for (const std::string& line : {std::string("bad\r\n"), std::string("x: \x01\r\n"), many}) {
    const auto from = [&](absl::string_view lines) {
      return Route(absl::StrCat("GET / HTTP/1.1\r\n", line, lines, "\r\n")).substr(0, 4);
    };
    EXPECT_EQ(from("host:evil.example:8081\r\n"), "421:");
    EXPECT_EQ(from("Host: evil.example:8081\r\nUpgrade: websocket\r\n"), "421:");
    EXPECT_NE(from("Host: localhost\r\n"), "ws:/");
    EXPECT_NE(from("origin: http://evil.example\r\n"), "ws:/");
    EXPECT_NE(from("Host: localhost\r\nUpgrade: websocket\r\nOrigin: http://evil.example\r\n"),
              "ws:/");
  }
}

TEST_F(TapRouteTest, ATargetGetsTheRequestThatItWouldGetWithoutTheTap) {
  const char lines[] = "Origin: http://localhost:3000\r\nx-own:  Kept As It Is \r\n";
  EXPECT_EQ(Route(Request("/?to=wss://example.com/chat?room=1", lines)),
            "wss://example.com/: GET /chat?room=1 HTTP/1.1\r\nHost: example.com\r\nConnection: "
            "Upgrade\r\nUpgrade: websocket\r\nOrigin: http://localhost:3000\r\nx-own:  Kept As It "
            "Is \r\n\r\n");
  EXPECT_EQ(Route("\r\n" + Request("/?x=1&to=ws%3A%2F%2F127.0.0.1%3A8080%2F%3Fa%26b")),
            "ws://127.0.0.1:8080/: GET /?a&b HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nConnection: "
            "Upgrade\r\nUpgrade: websocket\r\n\r\n");
}

TEST_F(TapRouteTest, CookiesAreForTheHostThatHasSetThem) {
  const char cookie[] = "cookie: a=b\r\n";
  EXPECT_THAT(Route(Request("/?to=ws://127.0.0.1:8080/", cookie)), HasSubstr(cookie));
  EXPECT_THAT(Route(Request("/?to=wss://example.com/", cookie)),
              ::testing::Not(HasSubstr("cookie")));
}

TEST_F(TapRouteTest, OnlyNamedServersAreTargets) {
  for (const char* url : {"ws://example.com/", "wss://example.com:444/", "ws://127.0.0.1:8082/",
                          "ws://localhost:8080/", "wss://sub.example.com/",
                          "ws%2Bunix:///run/a.sock:/", "ws://169.254.169.254/latest"}) {
    EXPECT_THAT(Route(Request(absl::StrCat("/?to=", url))),
                HasSubstr("403: the tap may not connect to ws"))
        << url;
  }
  EXPECT_THAT(Route(Request("/?to=http://example.com/")), HasSubstr("400: ?to=: "));
  EXPECT_THAT(Route(Request("/?to=wss://user@example.com/")), HasSubstr("400: ?to=: "));
  EXPECT_THAT(Route("GET /?to=wss://example.com/ HTTP/1.1\r\nHost: localhost\r\n\r\n"),
              HasSubstr("426: "));
}

TEST_F(TapRouteTest, PagesOfOtherSitesAreRefused) {
  const auto from = [&](absl::string_view origin, absl::string_view target) {
    return Route(Request(target, absl::StrCat("Origin: ", origin, "\r\n"))).substr(0, 4);
  };
  for (const char* target : {"/", "/?to=wss://example.com/"}) {
    for (const char* own : {"http://localhost:3000", "https://app.localhost", "http://[::1]:9",
                            "http://127.0.0.1:8081"}) {
      EXPECT_THAT(from(own, target), HasSubstr("ws")) << own;
    }
    for (const char* other : {"https://evil.example", "null", "http://192.168.1.2", "http://",
                              "https://localhost.evil.example", "file://"}) {
      EXPECT_EQ(from(other, target), "403:") << other;
    }
  }
  EXPECT_EQ(from("https://example.com", "/?to=wss://example.com/"), "wss:") << "its own page";
  EXPECT_EQ(from("https://example.com", "/"), "403:");
  rules_.allowed_origins = {"https://app.example"};
  EXPECT_EQ(from("https://app.example", "/"), "ws:/");
}

// The Origin of such a page equals the Host.
TEST_F(TapRouteTest, ANameThatLeadsHereIsNotTheTaps) {
  const std::string rebound =
      Request("/", "Origin: http://evil.example:8081\r\n", "evil.example:8081");
  EXPECT_THAT(Route(rebound), HasSubstr("421: the tap does not answer for the host"));
  rules_.allowed_hosts = {"evil.example"};
  ExpectUnchanged(rebound);
  rules_.allowed_hosts.clear();
  rules_.on_loopback = false;  // on a network every name may be the tap's
  ExpectUnchanged(rebound);
}

}  // namespace
}  // namespace examples
