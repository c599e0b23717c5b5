#include "weft/core/handshake/handshake.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/core/handshake/accept_key.h"
#include "weft/core/handshake/extension_header.h"
#include "weft/core/http/http_status.h"

namespace weft {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

constexpr absl::string_view kKey = "dGhlIHNhbXBsZSBub25jZQ==";

// RFC 6455, section 1.3.
constexpr absl::string_view kRequest =
    "GET /chat HTTP/1.1\r\n"
    "Host: server.example.com\r\n"
    "Upgrade: websocket\r\n"
    "Connection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "Origin: http://example.com\r\n"
    "Sec-WebSocket-Protocol: chat, superchat\r\n"
    "Sec-WebSocket-Version: 13\r\n"
    "\r\n";

constexpr absl::string_view kResponse =
    "HTTP/1.1 101 Switching Protocols\r\n"
    "Upgrade: websocket\r\n"
    "Connection: Upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
    "Sec-WebSocket-Protocol: chat\r\n"
    "\r\n";

// `head`, which contains `from` exactly once, with `to` in its place.
std::string With(absl::string_view head, absl::string_view from, absl::string_view to) {
  EXPECT_TRUE(absl::StrContains(head, from)) << from;
  return absl::StrReplaceAll(head, {{from, to}});
}

// kRequest with more lines.
std::string WithLines(absl::string_view lines) {
  return With(kRequest, "Version: 13\r\n", absl::StrCat("Version: 13\r\n", lines));
}

// The result points into `head`.
absl::StatusOr<UpgradeRequest> ParseUpgrade(absl::string_view head) {
  absl::StatusOr<HttpRequest> http =
      ParseHttpRequest(head, {.max_head_bytes = size_t{1} << 30, .max_headers = 1000});
  if (!http.ok()) return http.status();
  return ParseUpgradeRequest(*http);
}

// "426 why", or "ok".
std::string Outcome(absl::string_view head) {
  const absl::StatusOr<UpgradeRequest> request = ParseUpgrade(head);
  if (request.ok()) return "ok";
  return absl::StrCat(HttpStatusOf(request.status()), " ", request.status().message());
}

TEST(UpgradeRequestTest, RfcExample) {
  const absl::StatusOr<UpgradeRequest> request = ParseUpgrade(kRequest);
  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_EQ(request->target, "/chat");
  EXPECT_EQ(request->host, "server.example.com");
  EXPECT_EQ(request->origin, "http://example.com");
  EXPECT_EQ(request->key, kKey);
  EXPECT_THAT(request->subprotocols, ElementsAre("chat", "superchat"));
  EXPECT_THAT(request->extensions, IsEmpty());
  EXPECT_EQ(request->headers.Find("upgrade"), "websocket");
  EXPECT_EQ(*AcceptResponse(*request, "chat"), kResponse);
}

TEST(UpgradeRequestTest, PathAndQuery) {
  const auto parts = [](absl::string_view target) {
    UpgradeRequest request;
    request.target = std::string(target);
    return absl::StrCat("[", request.path(), "] [", request.query(), "]");
  };
  EXPECT_EQ(parts("/"), "[/] []");
  EXPECT_EQ(parts("/a/b?c=d&e?f"), "[/a/b] [c=d&e?f]");
  EXPECT_EQ(parts("/?"), "[/] []");
  EXPECT_EQ(parts("/?x"), "[/] [x]");
}

TEST(UpgradeRequestTest, PartsByName) {
  const std::string head =
      With(WithLines("Cookie: sid=1; lang=en\r\nAuthorization: Bearer abc\r\n"), "GET /chat",
           "GET /chat?room=a%20b&x");
  const absl::StatusOr<UpgradeRequest> request = ParseUpgrade(head);
  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_EQ(request->query("room"), "a b");
  EXPECT_EQ(request->query("x"), "");
  EXPECT_EQ(request->query("y"), std::nullopt);
  EXPECT_EQ(request->cookie("lang"), "en");
  EXPECT_EQ(request->cookie("room"), std::nullopt);
  EXPECT_EQ(request->bearer_token(), "abc");

  const UpgradeRequest none;
  EXPECT_EQ(none.cookie("sid"), std::nullopt);
  EXPECT_EQ(none.bearer_token(), std::nullopt);
}

TEST(UpgradeRequestTest, MethodOtherThanGetIs405) {
  EXPECT_EQ(Outcome(With(kRequest, "GET", "POST")), "405 only GET is allowed here, not \"POST\"");
  EXPECT_THAT(Outcome(With(kRequest, "GET", "get")), StartsWith("405"));
}

TEST(UpgradeRequestTest, VersionOfHttpBefore11Is505) {
  EXPECT_THAT(Outcome(With(kRequest, "HTTP/1.1", "HTTP/1.0")), StartsWith("505"));
  EXPECT_EQ(Outcome(With(kRequest, "HTTP/1.1", "HTTP/1.2")), "ok");
}

TEST(UpgradeRequestTest, NoUpgradeIs426) {
  EXPECT_THAT(Outcome("GET / HTTP/1.1\r\nHost: h\r\n\r\n"), StartsWith("426"));
  EXPECT_THAT(Outcome(With(kRequest, "Upgrade: websocket", "Upgrade: h2c")), StartsWith("426"));
  EXPECT_THAT(Outcome(With(kRequest, "Upgrade: websocket\r\n", "")), StartsWith("426"));
}

TEST(UpgradeRequestTest, UpgradeAndConnectionAreTokenLists) {
  EXPECT_EQ(Outcome(With(kRequest, "Connection: Upgrade", "Connection: keep-alive, Upgrade")),
            "ok");  // Firefox
  EXPECT_EQ(Outcome(With(kRequest, "Connection: Upgrade", "connection: UPGRADE")), "ok");
  EXPECT_EQ(Outcome(With(kRequest, "Upgrade: websocket", "Upgrade: h2c, WebSocket")), "ok");
  EXPECT_EQ(Outcome(With(kRequest, "Connection: Upgrade", "Connection: a\r\nConnection: upgrade")),
            "ok");
  EXPECT_EQ(
      Outcome(With(kRequest, "Connection: Upgrade", "Connection: keep-alive")),
      "400 an upgrade needs Connection: Upgrade, but the request has Connection: \"keep-alive\"");
  EXPECT_EQ(Outcome(With(kRequest, "Connection: Upgrade\r\n", "")),
            "400 an upgrade needs Connection: Upgrade, but the request has no header Connection");
}

TEST(UpgradeRequestTest, AnotherWebSocketVersionIs426) {
  EXPECT_EQ(Outcome(With(kRequest, "Version: 13", "Version: 8")),
            "426 this server speaks Sec-WebSocket-Version 13, not \"8\"");
  EXPECT_THAT(Outcome(With(kRequest, "Version: 13", "Version: 13, 8")), StartsWith("426"));
  EXPECT_THAT(Outcome(With(kRequest, "Version: 13", "Version: 013")), StartsWith("426"));
}

TEST(UpgradeRequestTest, HostIsAnAuthority) {
  EXPECT_EQ(Outcome(With(kRequest, "server.example.com", "[::1]:8080")), "ok");
  EXPECT_EQ(Outcome(With(kRequest, "server.example.com", "")),
            "400 in the header Host the host is missing");
  EXPECT_THAT(Outcome(With(kRequest, "server.example.com", "a/b")), StartsWith("400"));
  EXPECT_THAT(Outcome(With(kRequest, "server.example.com", "a, b")), StartsWith("400"));
}

TEST(UpgradeRequestTest, KeyIsTheBase64Of16Bytes) {
  EXPECT_EQ(Outcome(With(kRequest, kKey, "dGhlIHNhbXBsZSBub25j")),
            "400 Sec-WebSocket-Key \"dGhlIHNhbXBsZSBub25j\" is not the base64 of 16 bytes");
  EXPECT_THAT(Outcome(With(kRequest, kKey, "")), StartsWith("400"));
}

TEST(UpgradeRequestTest, R9_EveryHeaderThatMustBeThereMayBeMissing) {
  for (const absl::string_view line :
       {"Host: server.example.com\r\n", "Connection: Upgrade\r\n",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", "Sec-WebSocket-Version: 13\r\n"}) {
    EXPECT_THAT(Outcome(With(kRequest, line, "")), StartsWith("400")) << line;
  }
  EXPECT_EQ(Outcome(With(kRequest, "Origin: http://example.com\r\n", "")), "ok");
  EXPECT_EQ(Outcome(With(kRequest, "Sec-WebSocket-Protocol: chat, superchat\r\n", "")), "ok");
}

TEST(UpgradeRequestTest, R9_HeadersThatMayNotBeThereTwice) {
  for (const absl::string_view line :
       {"Host: server.example.com", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13", "Origin: http://example.com", "host: other"}) {
    EXPECT_THAT(Outcome(WithLines(absl::StrCat(line, "\r\n"))),
                ::testing::MatchesRegex("400 the header .*appears more than once"))
        << line;
  }
}

TEST(UpgradeRequestTest, R9_UpgradeBehindTooManyHeaders) {
  std::string head = "GET / HTTP/1.1\r\n";
  for (int i = 0; i < 2000; ++i) absl::StrAppend(&head, "X-", i, ": y\r\n");
  absl::StrAppend(&head, kRequest.substr(kRequest.find("Host")));
  EXPECT_EQ(Outcome(head), "431 more than 1000 headers");
}

TEST(UpgradeRequestTest, BodyIsRefused) {
  EXPECT_EQ(Outcome(WithLines("Content-Length: 0\r\n")), "ok");
  EXPECT_THAT(Outcome(WithLines("Content-Length: 5\r\n")), HasSubstr("Content-Length: \"5\""));
  EXPECT_THAT(Outcome(WithLines("Content-Length: -1\r\n")), StartsWith("400"));
  EXPECT_THAT(Outcome(WithLines("Content-Length: 0\r\nContent-Length: 0\r\n")), StartsWith("400"));
  EXPECT_THAT(Outcome(WithLines("Transfer-Encoding: chunked\r\n")),
              HasSubstr("400 an upgrade request has no body"));
}

TEST(UpgradeRequestTest, TargetIsAPathOrAUrl) {  // RFC 9112, section 3.2
  const auto target = [](absl::string_view text) {
    const std::string head = With(kRequest, "/chat", text);
    const absl::StatusOr<UpgradeRequest> request = ParseUpgrade(head);
    return request.ok() ? absl::StrCat(request->target, " ", request->host) : Outcome(head);
  };
  EXPECT_EQ(target("/a?b"), "/a?b server.example.com");
  EXPECT_EQ(target("http://Server.example.com/a?b"), "/a?b Server.example.com");
  EXPECT_EQ(target("wss://server.example.com/"), "/ server.example.com");
  EXPECT_EQ(target("ws://server.example.com"), "/ server.example.com");
  EXPECT_EQ(target("http://other.example.com:80?q"), "/?q other.example.com:80");
  EXPECT_THAT(target("ftp://server.example.com/"), StartsWith("400"));
  EXPECT_THAT(target("chat"), StartsWith("400"));
  EXPECT_THAT(target("*"), StartsWith("400"));
}

TEST(UpgradeRequestTest, SubprotocolsAreOneListInOrder) {
  const std::string head = WithLines("Sec-WebSocket-Protocol: ,c\t, d,\r\n");
  const absl::StatusOr<UpgradeRequest> request = ParseUpgrade(head);
  ASSERT_TRUE(request.ok());
  EXPECT_THAT(request->subprotocols, ElementsAre("chat", "superchat", "c", "d"));
}

TEST(UpgradeRequestTest, SubprotocolsAreTokensAndNoneTwice) {
  const auto outcome = [](absl::string_view list) {
    return Outcome(With(kRequest, "chat, superchat", list));
  };
  EXPECT_EQ(outcome("a, A"), "ok");
  EXPECT_EQ(outcome("a, b, a"), "400 the subprotocol \"a\" is offered more than once");
  EXPECT_EQ(outcome("a b"), "400 in Sec-WebSocket-Protocol \"a b\" is not a token");
  EXPECT_THAT(outcome("\"a\""), StartsWith("400"));
  EXPECT_EQ(outcome(""), "400 Sec-WebSocket-Protocol is empty");
  EXPECT_EQ(outcome(", ,"), "400 Sec-WebSocket-Protocol is empty");
  EXPECT_THAT(Outcome(WithLines("Sec-WebSocket-Protocol: chat\r\n")), HasSubstr("more than once"));
}

// 200,000 names: comparing each with all before it would exceed the test's timeout.
TEST(UpgradeRequestTest, R8_SubprotocolParseIsLinear) {
  std::vector<std::string> names;
  for (int i = 0; i < 200000; ++i) names.push_back(absl::StrCat("p", i));
  const std::string head = With(kRequest, "chat, superchat", absl::StrJoin(names, ","));
  const absl::StatusOr<UpgradeRequest> request = ParseUpgrade(head);
  ASSERT_TRUE(request.ok());
  EXPECT_EQ(request->subprotocols.size(), names.size());
  EXPECT_EQ(Outcome(With(kRequest, "chat, superchat", std::string(1 << 20, ' '))),
            "400 Sec-WebSocket-Protocol is empty");
}

TEST(UpgradeRequestTest, ExtensionsAreOneListInOrder) {
  const std::string head = WithLines(
      "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
      "Sec-WebSocket-Extensions: foo\r\n");
  const absl::StatusOr<UpgradeRequest> request = ParseUpgrade(head);
  ASSERT_TRUE(request.ok());
  ASSERT_EQ(request->extensions.size(), 2u);
  EXPECT_EQ(request->extensions[0].name, "permessage-deflate");
  EXPECT_EQ(request->extensions[1].name, "foo");
  EXPECT_THAT(Outcome(WithLines("Sec-WebSocket-Extensions: ;\r\n")), StartsWith("400"));
}

class AcceptResponseTest : public ::testing::Test {
 protected:
  AcceptResponseTest() : request_(*ParseUpgrade(kRequest)) {}

  UpgradeRequest request_;
};

TEST_F(AcceptResponseTest, WithoutSubprotocol) {
  EXPECT_EQ(*AcceptResponse(request_, ""), With(kResponse, "Sec-WebSocket-Protocol: chat\r\n", ""));
}

TEST_F(AcceptResponseTest, SubprotocolMustHaveBeenOffered) {
  EXPECT_TRUE(AcceptResponse(request_, "superchat").ok());
  for (const absl::string_view subprotocol : {"Chat", "other", "chat, superchat", "chat\r\nA: b"}) {
    EXPECT_EQ(AcceptResponse(request_, subprotocol).status().code(),
              absl::StatusCode::kInvalidArgument);
  }
}

TEST_F(AcceptResponseTest, ExtraHeaders) {
  EXPECT_EQ(*AcceptResponse(request_, "chat", {{"Set-Cookie", "a=b"}, {"X-B", "c"}}),
            With(kResponse, "chat\r\n", "chat\r\nSet-Cookie: a=b\r\nX-B: c\r\n"));
}

TEST_F(AcceptResponseTest, R21_HeadersCannotBeInjected) {
  for (const std::string& bad :
       {std::string("a\r\nB: c"), std::string("\n"), std::string(1, '\0')}) {
    EXPECT_THAT(AcceptResponse(request_, "", {{"X-Name", bad}}).status().message(),
                HasSubstr("header X-Name"));
    EXPECT_FALSE(AcceptResponse(request_, "", {{bad, "value"}}).ok());
  }
}

TEST_F(AcceptResponseTest, ExtensionsThatWereAccepted) {
  EXPECT_THAT(*AcceptResponse(request_, "", {}, "permessage-deflate; a=1"),
              HasSubstr("\r\nSec-WebSocket-Extensions: permessage-deflate; a=1\r\n"));
}

TEST_F(AcceptResponseTest, HeadersOfTheHandshakeCannotBeAdded) {
  for (const char* name : {"Upgrade", "connection", "SEC-WEBSOCKET-ACCEPT", "Content-Length",
                           "Sec-WebSocket-Extensions", "Transfer-Encoding"}) {
    EXPECT_THAT(AcceptResponse(request_, "", {{name, "x"}}).status().message(), HasSubstr(name));
  }
}

TEST(RejectResponseTest, SaysWhyAndCloses) {
  EXPECT_EQ(RejectResponse(absl::PermissionDeniedError("not you")),
            "HTTP/1.1 403 Forbidden\r\n"
            "Connection: close\r\n"
            "Content-Type: text/plain; charset=utf-8\r\n"
            "Content-Length: 8\r\n"
            "\r\n"
            "not you\n");
}

TEST(RejectResponseTest, WrongMethodSaysWhichIsRight) {
  EXPECT_THAT(RejectResponse(ParseUpgrade(With(kRequest, "GET", "PUT")).status()),
              AllOf(StartsWith("HTTP/1.1 405 "), HasSubstr("\r\nAllow: GET\r\n")));
}

TEST(RejectResponseTest, NoUpgradeOrAnotherVersionSaysWhichIsRight) {
  for (const std::string& head : {With(kRequest, "Version: 13", "Version: 12"),
                                  With(kRequest, "Upgrade: websocket\r\n", "")}) {
    EXPECT_THAT(RejectResponse(ParseUpgrade(head).status()),
                AllOf(StartsWith("HTTP/1.1 426 Upgrade Required\r\n"),
                      HasSubstr("\r\nUpgrade: websocket\r\n"),
                      HasSubstr("\r\nConnection: close, Upgrade\r\n"),
                      HasSubstr("\r\nSec-WebSocket-Version: 13\r\n")));
  }
}

TEST(RejectResponseTest, ExtraHeaders) {
  EXPECT_THAT(RejectResponse(HttpError(429, "slower"), {{"Retry-After", "5"}}),
              AllOf(StartsWith("HTTP/1.1 429 "), HasSubstr("\r\nRetry-After: 5\r\n")));
}

// RFC 9110, section 10.2.3.
TEST(RejectResponseTest, NoRoomSaysWhenToComeBack) {
  for (const int code : {429, 503}) {
    EXPECT_THAT(RejectResponse(HttpError(code, "full")), HasSubstr("\r\nRetry-After: 5\r\n"));
    const std::string own = RejectResponse(HttpError(code, "full"), {{"retry-after", "60"}});
    EXPECT_THAT(own, HasSubstr("\r\nretry-after: 60\r\n"));
    EXPECT_THAT(own, Not(HasSubstr("Retry-After")));
  }
  EXPECT_THAT(RejectResponse(HttpError(500, "broken")), Not(HasSubstr("Retry-After")));
}

TEST(RejectResponseTest, AHeaderOfTheApplicationReplacesTheDefault) {
  const std::string response = RejectResponse(
      HttpError(405, "{}"), {{"Content-Type", "application/json"}, {"Allow", "GET, POST"}});
  EXPECT_THAT(response, HasSubstr("\r\nContent-Type: application/json\r\n"));
  EXPECT_THAT(response, HasSubstr("\r\nAllow: GET, POST\r\n"));
  EXPECT_THAT(response, Not(HasSubstr("text/plain")));
  EXPECT_THAT(response, Not(HasSubstr("Allow: GET\r\n")));
}

// RFC 9110, section 9.3.2.
TEST(RejectResponseTest, HeadGetsTheHeadersAlone) {
  for (const int code : {400, 405, 417, 426, 505}) {
    const std::string response = RejectResponse(HttpError(code, "not you"), {}, "HEAD");
    EXPECT_THAT(response, HasSubstr("\r\nContent-Length: 8\r\n"));
    EXPECT_THAT(response, ::testing::EndsWith("\r\n\r\n"));
  }
  EXPECT_THAT(RejectResponse(HttpError(600, ""), {}, "HEAD"), ::testing::EndsWith("\r\n\r\n"));
}

TEST(RejectResponseTest, AStatusThatIsNoErrorsIs500) {
  for (const int code : {-100, 0, 99, 100, 101, 200, 204, 299, 304, 600, 999, 1000, 1000000000}) {
    const absl::Status error = HttpError(code, "no");
    EXPECT_EQ(TryRejectResponse(error, {}, "GET").status().message(),
              absl::StrCat("the HTTP status of an error is 300 to 599, except 304, not ", code));
    EXPECT_THAT(RejectResponse(error), StartsWith("HTTP/1.1 500 Internal Server Error\r\n"));
  }
  for (const int code : {300, 302, 400, 418, 599}) {
    EXPECT_THAT(RejectResponse(HttpError(code, "no")),
                StartsWith(absl::StrCat("HTTP/1.1 ", code, " ")));
  }
}

TEST(RejectResponseTest, R21_HeadersCannotBeInjected) {
  for (const std::pair<std::string, std::string>& extra :
       std::vector<std::pair<std::string, std::string>>{
           {"X", "a\r\nEvil: 1"}, {"X\r\nEvil", "1"}, {"Content-Length", "0"}}) {
    const std::string response = RejectResponse(HttpError(429, "slower"), {extra});
    EXPECT_THAT(response, StartsWith("HTTP/1.1 500 "));
    EXPECT_FALSE(absl::StrContains(response, "Evil"));
  }
}

TEST(RequestTextTest, AsksForTheUrl) {
  EXPECT_EQ(*RequestText(*ParseUrl("ws://example.com:8080/chat?a=b"), kKey, {}),
            "GET /chat?a=b HTTP/1.1\r\n"
            "Host: example.com:8080\r\n"
            "Upgrade: websocket\r\n"
            "Connection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            "Sec-WebSocket-Version: 13\r\n"
            "\r\n");
}

TEST(RequestTextTest, OfferIsWhatTheServerReads) {
  UpgradeOffer offer;
  offer.subprotocols = {"b", "a"};
  offer.origin = "https://example.com";
  offer.headers = {{"Authorization", "Bearer x"}};
  offer.extensions = "a; b, c";
  const absl::StatusOr<std::string> text =
      RequestText(*ParseUrl("wss://[::1]/?x"), RandomKey(), offer);
  ASSERT_TRUE(text.ok());
  const absl::StatusOr<UpgradeRequest> request = ParseUpgrade(*text);
  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_EQ(request->target, "/?x");
  EXPECT_EQ(request->host, "[::1]");
  EXPECT_EQ(request->origin, "https://example.com");
  EXPECT_THAT(request->subprotocols, ElementsAre("b", "a"));
  EXPECT_EQ(request->headers.Find("authorization"), "Bearer x");
  EXPECT_EQ(request->extensions.size(), 2u);
}

TEST(RequestTextTest, R21_NothingCanBeInjected) {
  for (const std::string& bad :
       {std::string("a\r\nB: c"), std::string("\n"), std::string(1, '\0')}) {
    const Url url = *ParseUrl("ws://h/");
    Url bad_host = url;
    bad_host.host = bad;
    Url bad_resource = url;
    bad_resource.resource = absl::StrCat("/", bad);
    std::vector<UpgradeOffer> bad_offers(4);
    bad_offers[0].subprotocols = {bad};
    bad_offers[1].origin = bad;
    bad_offers[2].headers = {{"X-Name", bad}};
    bad_offers[3].headers = {{bad, "value"}};
    for (const UpgradeOffer& offer : bad_offers) {
      EXPECT_EQ(RequestText(url, kKey, offer).status().code(), absl::StatusCode::kInvalidArgument);
    }
    EXPECT_THAT(RequestText(url, kKey, bad_offers[2]).status().message(), HasSubstr("X-Name"));
    EXPECT_FALSE(RequestText(bad_host, kKey, {}).ok());
    EXPECT_FALSE(RequestText(bad_resource, kKey, {}).ok());
    EXPECT_FALSE(RequestText(url, bad, {}).ok());
  }
}

TEST(RequestTextTest, OfferMustMakeSense) {
  const Url url = *ParseUrl("ws://h/");
  EXPECT_FALSE(RequestText(url, kKey, {.subprotocols = {"a", "b", "a"}}).ok());
  EXPECT_FALSE(RequestText(url, kKey, {.subprotocols = {""}}).ok());
  EXPECT_FALSE(RequestText(url, kKey, {.subprotocols = {"a, b"}}).ok());
  for (const char* name : {"Host", "upgrade", "Sec-WebSocket-Extensions", "Origin"}) {
    EXPECT_THAT(RequestText(url, kKey, {.headers = {{name, "x"}}}).status().message(),
                HasSubstr(absl::StrCat("the header \"", name, "\" is set by the handshake")));
  }
}

// The subprotocol in brackets, or the error's message.
std::string Check(absl::string_view head, const std::vector<std::string>& offered = {"chat"}) {
  const absl::StatusOr<HttpResponse> http = ParseHttpResponse(head);
  if (!http.ok()) return http.status().ToString();
  const absl::StatusOr<std::string> subprotocol = CheckUpgradeResponse(*http, kKey, offered);
  return subprotocol.ok() ? absl::StrCat("[", *subprotocol, "]")
                          : std::string(subprotocol.status().message());
}

TEST(UpgradeResponseTest, RfcExample) { EXPECT_EQ(Check(kResponse), "[chat]"); }

TEST(UpgradeResponseTest, ReasonIsNotCompared) {
  EXPECT_EQ(Check(With(kResponse, "Switching Protocols", "Whatever")), "[chat]");
  EXPECT_EQ(Check(With(kResponse, " Switching Protocols", "")), "[chat]");
}

TEST(UpgradeResponseTest, AnotherStatusIsNamedAndKept) {
  const absl::string_view head = "HTTP/1.0 403 Go Away\r\n\r\n";
  EXPECT_EQ(Check(head),
            "the server answered HTTP 403 Forbidden instead of 101 Switching Protocols");
  const absl::Status status = CheckUpgradeResponse(*ParseHttpResponse(head), kKey, {}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(HttpStatusOf(status), 403);
  for (const int other : {100, 200, 301, 426, 500, 999}) {
    const std::string response = absl::StrCat("HTTP/1.1 ", other, "\r\n\r\n");
    EXPECT_EQ(HttpStatusOf(CheckUpgradeResponse(*ParseHttpResponse(response), kKey, {}).status()),
              other);
  }
}

TEST(UpgradeResponseTest, Http10HasNoUpgrade) {
  EXPECT_THAT(Check(With(kResponse, "HTTP/1.1", "HTTP/1.0")), HasSubstr("HTTP/1.0"));
}

TEST(UpgradeResponseTest, UpgradeMustBeWebsocketAndNothingElse) {
  EXPECT_EQ(Check(With(kResponse, "Upgrade: websocket", "upgrade: WebSocket")), "[chat]");
  EXPECT_EQ(
      Check(With(kResponse, "Upgrade: websocket", "Upgrade: h2c")),
      "the server did not switch to WebSocket: its response has Upgrade: \"h2c\" and Connection: "
      "\"Upgrade\"");
  EXPECT_THAT(Check(With(kResponse, "Upgrade: websocket", "Upgrade: websocket, h2c")),
              HasSubstr("did not switch to WebSocket"));
  EXPECT_EQ(Check(With(kResponse, "Upgrade: websocket\r\n", "")), "the header Upgrade is missing");
}

TEST(UpgradeResponseTest, ConnectionMustHoldUpgrade) {
  EXPECT_EQ(Check(With(kResponse, "Connection: Upgrade", "Connection: keep-alive, upgrade")),
            "[chat]");
  EXPECT_THAT(Check(With(kResponse, "Connection: Upgrade", "Connection: keep-alive")),
              HasSubstr("Connection: \"keep-alive\""));
  EXPECT_THAT(Check(With(kResponse, "Connection: Upgrade\r\n", "")),
              HasSubstr("no header Connection"));
}

TEST(UpgradeResponseTest, AcceptMustAnswerTheKey) {
  EXPECT_EQ(Check(With(kResponse, "s3pP", "S3pP")),
            "the server's Sec-WebSocket-Accept is \"S3pPLMBiTxaQ9kYGzzhZRbK+xOo=\", but must be "
            "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  EXPECT_EQ(Check(With(kResponse, "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n", "")),
            "the header Sec-WebSocket-Accept is missing");
  EXPECT_THAT(Check(With(kResponse, "chat\r\n", "chat\r\nsec-websocket-accept: x\r\n")),
              HasSubstr("Sec-WebSocket-Accept appears more than once"));
}

TEST(UpgradeResponseTest, SubprotocolMustBeOneThatWasOffered) {
  EXPECT_EQ(Check(kResponse, {"superchat", "chat"}), "[chat]");
  EXPECT_EQ(Check(kResponse, {"Chat"}),
            "the server chose the subprotocol \"chat\", which was not offered");
  EXPECT_THAT(Check(kResponse, {}), HasSubstr("which was not offered"));
  EXPECT_THAT(Check(With(kResponse, "chat", "a, b"), {"a", "b"}), HasSubstr("not offered"));
  EXPECT_THAT(Check(With(kResponse, "Protocol: chat", "Protocol: ")), HasSubstr("not offered"));
  EXPECT_THAT(Check(With(kResponse, "chat\r\n", "chat\r\nSec-WebSocket-Protocol: chat\r\n")),
              HasSubstr("more than once"));
}

TEST(UpgradeResponseTest, ServerMayChooseNoSubprotocol) {
  EXPECT_EQ(Check(With(kResponse, "Sec-WebSocket-Protocol: chat\r\n", "")), "[]");
}

TEST(UpgradeResponseTest, ExtensionThatWasNotOfferedIsRefused) {
  EXPECT_EQ(Check(With(kResponse, "chat\r\n",
                       "chat\r\nSec-WebSocket-Extensions: permessage-deflate\r\n")),
            "the server chose an extension, but none was offered: \"permessage-deflate\"");
}

TEST(UpgradeResponseTest, ExtensionsAreGivenToWhoOfferedSome) {
  ExtensionList extensions;
  const auto check = [&extensions](absl::string_view lines) {
    extensions.clear();
    static std::string head;  // the extensions are views into it
    head = With(kResponse, "chat\r\n", absl::StrCat("chat\r\n", lines));
    return CheckUpgradeResponse(*ParseHttpResponse(head), kKey, {"chat"}, &extensions).status();
  };
  EXPECT_TRUE(check("").ok());
  EXPECT_THAT(extensions, IsEmpty());
  EXPECT_TRUE(check("sec-websocket-extensions: a; b=1, c\r\n").ok());
  ASSERT_EQ(extensions.size(), 2u);
  EXPECT_EQ(extensions[0].name, "a");
  EXPECT_EQ(extensions[1].name, "c");
  EXPECT_THAT(check("Sec-WebSocket-Extensions: ;\r\n").message(), HasSubstr("not a token"));
  // RFC 6455, section 11.3.2.
  EXPECT_THAT(check("Sec-WebSocket-Extensions: a\r\nSec-WebSocket-Extensions: b\r\n").message(),
              HasSubstr("Sec-WebSocket-Extensions appears more than once"));
}

TEST(UpgradeResponseTest, FirstFramesFollowTheHead) {
  const std::string received = absl::StrCat(kResponse, "\x81\x05Hello");
  const absl::StatusOr<size_t> size = HttpHeadScanner({}).Scan(received);
  ASSERT_TRUE(size.ok());
  EXPECT_EQ(Check(received.substr(0, *size)), "[chat]");
  EXPECT_EQ(received.substr(*size), "\x81\x05Hello");
}

}  // namespace
}  // namespace weft
