// Redirects: whether they are followed, and which server then gets which secrets.

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/client/client.h"
#include "weft/client/testing/client_tests.h"
#include "weft/core/http/http_refusal.h"
#include "weft/core/http/http_status.h"
#include "weft/core/version.h"
#include "weft/testing/fake_server.h"
#include "weft/transport/peer_certificate.h"
#include "weft/transport/testing/tls_pair.h"
#include "weft/transport/tls_options.h"

namespace weft {
namespace {

using ::testing::AllOf;
using testing::Answer;
using ::testing::Contains;
using testing::FakePeer;
using testing::FakeServer;
using ::testing::HasSubstr;
using testing::HeadersOf;
using ::testing::Key;
using ::testing::Not;
using ::testing::Pair;
using testing::Quiet;
using testing::Signal;
using ::testing::StartsWith;
using testing::TestTlsClient;
using testing::TestTlsServer;
using testing::Text;
using testing::Wss;

// The answer of a server that redirects.
std::string Redirect(absl::string_view location, int code = 302) {
  return absl::StrCat("HTTP/1.1 ", code, " x\r\nLocation: ", location,
                      "\r\nContent-Length: 0\r\n\r\n");
}

// Opens the WebSocket, and stores the request.
FakeServer::Script Accept(std::string* request) {
  return [request](FakePeer& peer) {
    *request = peer.ReadRequest();
    peer.Write(FakePeer::Accept(*request) + Text("arrived"));
    peer.ReadToEnd();
  };
}

ClientOptions Following(int max_redirects = 5) {
  ClientOptions options = Quiet();
  options.http.max_redirects = max_redirects;
  return options;
}

// With a secret in every place that has one.
ClientOptions WithSecrets() {
  ClientOptions options = Following();
  options.request.bearer_token = "secret";
  options.request.cookies = {{"SID", "secret"}};
  options.request.headers = {{"X-Api-Key", "secret"}, {"Proxy-Authorization", "secret"}};
  options.tls = TestTlsClient();
  return options;
}

#define EXPECT_ARRIVES(url, options)                                                    \
  do {                                                                                  \
    absl::StatusOr<std::unique_ptr<Client>> client = Client::Connect((url), (options)); \
    ASSERT_TRUE(client.ok()) << client.status();                                        \
    EXPECT_RECEIVES(*client, "arrived");                                                \
  } while (false)

TEST(ClientRedirect, R22_OffByDefault) {
  FakeServer elsewhere([](FakePeer&) { ADD_FAILURE() << "was followed"; });
  FakeServer server(Answer(Redirect(elsewhere.url())));
  const absl::Status status = Client::Connect(server.url()).status();
  EXPECT_EQ(HttpStatusOf(status), 302);
  EXPECT_THAT(std::string(status.message()),
              AllOf(StartsWith(absl::StrCat(server.url(), ": the server answered HTTP 302 Found")),
                    HasSubstr(absl::StrCat("not followed: it leads to \"", elsewhere.url(),
                                           "\", and ClientOptions::http.max_redirects is 0"))));
  ASSERT_TRUE(RefusalOf(status).has_value());
  EXPECT_EQ(RefusalOf(status)->Find("Location"), elsewhere.url());
  EXPECT_EQ(RefusalOf(status)->not_followed, "");
}

TEST(ClientRedirect, EachKindIsFollowed) {
  for (const int code : {301, 302, 303, 307, 308}) {
    std::string request;
    FakeServer server({Answer(Redirect("../new?x#y", code)), Accept(&request)});
    EXPECT_ARRIVES(server.url("/a/b/old"), Following());
    server.Join();
    EXPECT_THAT(request, StartsWith("GET /a/new?x HTTP/1.1\r\n")) << code;
  }
}

TEST(ClientRedirect, OtherAnswersAreNone) {
  for (const int code : {200, 300, 304, 305, 306, 404}) {
    FakeServer server(Answer(Redirect("/new", code)));
    EXPECT_EQ(HttpStatusOf(Client::Connect(server.url(), Following()).status()), code);
  }
}

TEST(ClientRedirect, TheSameOriginGetsTheSame) {
  std::string first, second;
  FakeServer server({Answer(Redirect("/new"), &first), Accept(&second)});
  EXPECT_ARRIVES(server.url(), WithSecrets());
  server.Join();
  const auto expected = AllOf(
      Contains(Pair("Authorization", "Bearer secret")), Contains(Pair("Cookie", "SID=secret")),
      Contains(Pair("X-Api-Key", "secret")), Contains(Pair("Proxy-Authorization", "secret")));
  EXPECT_THAT(HeadersOf(first), expected);
  EXPECT_THAT(HeadersOf(second), expected);
}

TEST(ClientRedirect, R22_AnotherOriginGetsNoCredentials) {
  std::string request;
  FakeServer elsewhere(Accept(&request));
  FakeServer server(Answer(Redirect(elsewhere.url())));
  ClientOptions options = WithSecrets();
  options.request.origin = "https://page.example";
  EXPECT_ARRIVES(server.url(), options);
  elsewhere.Join();
  EXPECT_THAT(request, Not(HasSubstr("secret")));
  for (const char* name : {"Authorization", "Cookie", "X-Api-Key", "Proxy-Authorization"}) {
    EXPECT_THAT(HeadersOf(request), Not(Contains(Key(name))));
  }
  EXPECT_THAT(HeadersOf(request), Contains(Pair("Origin", "https://page.example")));
  EXPECT_THAT(HeadersOf(request),
              Contains(Pair("Host", absl::StrCat("127.0.0.1:", elsewhere.port()))));
}

// Otherwise the other origin could redirect back and choose what they are sent for.
TEST(ClientRedirect, R22_CredentialsThatAreGoneStayGone) {
  std::string elsewhere_url, first, last;
  Signal ready;
  FakeServer home({[&](FakePeer& peer) {
                     first = peer.ReadRequest();
                     ready.Await();
                     peer.Write(Redirect(elsewhere_url));
                     peer.ReadToEnd();
                   },
                   Accept(&last)});
  FakeServer elsewhere(Answer(Redirect(home.url("/chosen"))));
  elsewhere_url = elsewhere.url();
  ready.Give();
  EXPECT_ARRIVES(home.url(), WithSecrets());
  home.Join();
  EXPECT_THAT(first, HasSubstr("secret"));
  EXPECT_THAT(last, AllOf(StartsWith("GET /chosen "), Not(HasSubstr("secret"))));
}

TEST(ClientRedirect, R22_AnotherSchemeIsAnotherOrigin) {
  std::string request;
  FakeServer secure([&](FakePeer& peer) {
    peer.StartTls(*TestTlsServer());
    Accept (&request)(peer);
  });
  FakeServer plain(Answer(Redirect(absl::StrCat("https://127.0.0.1:", secure.port(), "/"))));
  EXPECT_ARRIVES(plain.url(), WithSecrets());
  secure.Join();
  EXPECT_THAT(request, AllOf(StartsWith("GET / "), Not(HasSubstr("secret"))));
}

// A server over TLS that asks for a certificate, runs this, and stores the client's identity.
FakeServer::Script OverTls(FakeServer::Script script, std::string* seen, bool required = false) {
  return [=](FakePeer& peer) {
    peer.StartTls(*TestTlsServer({.identities = {testing::TestIdentity("server")},
                                  .client_certificates = required ? ClientCertificates::kRequired
                                                                  : ClientCertificates::kOptional,
                                  .client_ca_file = testing::TestCaFile("ca.pem")}));
    script(peer);
    const std::optional<PeerCertificate> certificate = peer.certificate();
    *seen = certificate.has_value() ? certificate->subject : "nobody";
  };
}

ClientOptions WithCertificate() {
  ClientOptions options = Following();
  options.tls = TestTlsClient(
      {.ca_file = testing::TestCaFile("ca.pem"), .identity = testing::TestIdentity("client")});
  return options;
}

TEST(ClientRedirect, R22_AnotherOriginIsNotShownTheCertificate) {
  std::string request, seen_elsewhere, seen;
  FakeServer elsewhere(OverTls(Accept(&request), &seen_elsewhere));
  FakeServer server(OverTls(Answer(Redirect(Wss(elsewhere))), &seen));
  EXPECT_ARRIVES(Wss(server), WithCertificate());
  server.Join();
  elsewhere.Join();
  EXPECT_THAT(seen, HasSubstr("client"));
  EXPECT_EQ(seen_elsewhere, "nobody");
}

TEST(ClientRedirect, R22_AnotherOriginThatRequiresACertificateGetsNone) {
  std::string request, seen_elsewhere, seen;
  FakeServer elsewhere(OverTls(Accept(&request), &seen_elsewhere, true));
  FakeServer server(OverTls(Answer(Redirect(Wss(elsewhere))), &seen));
  {
    const absl::StatusOr<std::unique_ptr<Client>> client =
        Client::Connect(Wss(server), WithCertificate());
    // With TLS 1.3 a client's handshake is done before the server has checked the certificate.
    EXPECT_FALSE(client.ok() && (*client)->Receive().ok());
  }
  elsewhere.Join();
  EXPECT_EQ(request, "");
  EXPECT_EQ(seen_elsewhere, "nobody");
}

TEST(ClientRedirect, TheSameOriginIsShownTheCertificate) {
  std::string request, first, second;
  FakeServer server(
      {OverTls(Answer(Redirect("/new")), &first), OverTls(Accept(&request), &second)});
  EXPECT_ARRIVES(Wss(server), WithCertificate());
  server.Join();
  EXPECT_THAT(first, HasSubstr("client"));
  EXPECT_THAT(second, HasSubstr("client"));
}

TEST(ClientRedirect, R22_ACertificateThatIsHiddenStaysHidden) {
  std::string elsewhere_url, request, first, between, last;
  Signal ready;
  FakeServer home({OverTls(
                       [&](FakePeer& peer) {
                         peer.ReadRequest();
                         ready.Await();
                         peer.Write(Redirect(elsewhere_url));
                         peer.ReadToEnd();
                       },
                       &first),
                   OverTls(Accept(&request), &last)});
  FakeServer elsewhere(OverTls(Answer(Redirect(Wss(home))), &between));
  elsewhere_url = Wss(elsewhere);
  ready.Give();
  EXPECT_ARRIVES(Wss(home), WithCertificate());
  home.Join();
  elsewhere.Join();
  EXPECT_THAT(first, HasSubstr("client"));
  EXPECT_EQ(between, "nobody");
  EXPECT_EQ(last, "nobody");
}

// The address applies to the URL's origin, and to no other.
TEST(ClientRedirect, ConnectToIsForTheUrlsOwnOrigin) {
  std::string request, back;
  FakeServer elsewhere(Answer(Redirect("ws://server.example/last")));
  FakeServer server(
      {Answer(Redirect("/again")), Answer(Redirect(elsewhere.url()), &request), Accept(&back)});
  ClientOptions options = Following();
  options.connect_to = absl::StrCat("127.0.0.1:", server.port());
  EXPECT_ARRIVES("ws://server.example/", options);
  server.Join();
  EXPECT_THAT(request, StartsWith("GET /again HTTP/1.1\r\nHost: server.example\r\n"));
  EXPECT_THAT(back, StartsWith("GET /last HTTP/1.1\r\nHost: server.example\r\n"));
}

TEST(ClientRedirect, AnotherOriginIsToldWhichSoftwareItIs) {
  const auto sent_elsewhere = [](std::pair<std::string, std::string> header) {
    std::string request;
    FakeServer elsewhere(Accept(&request));
    FakeServer server(Answer(Redirect(elsewhere.url())));
    ClientOptions options = Following();
    options.request.headers = {std::move(header)};
    EXPECT_TRUE(Client::Connect(server.url(), options).ok());
    elsewhere.Join();
    return HeadersOf(request);
  };
  const std::string own = absl::StrCat("weft/", kVersion);
  EXPECT_THAT(sent_elsewhere({"X", "y"}), Contains(Pair("User-Agent", own)));
  EXPECT_THAT(sent_elsewhere({"User-Agent", "secret"}), Contains(Pair("User-Agent", own)));
  EXPECT_THAT(sent_elsewhere({"User-Agent", ""}), Not(Contains(Key("User-Agent"))));
}

TEST(ClientRedirect, R22_WssIsNotLeftForWs) {
  FakeServer plain([](FakePeer&) { ADD_FAILURE() << "was followed"; });
  for (const char* scheme : {"ws", "http"}) {
    FakeServer secure([&](FakePeer& peer) {
      peer.StartTls(*TestTlsServer());
      Answer(Redirect(absl::StrCat(scheme, "://127.0.0.1:", plain.port(), "/")))(peer);
    });
    const absl::Status status =
        Client::Connect(absl::StrCat("wss://127.0.0.1:", secure.port(), "/"), WithSecrets())
            .status();
    EXPECT_EQ(HttpStatusOf(status), 302);
    EXPECT_THAT(std::string(status.message()),
                HasSubstr(absl::StrCat("not followed: it leads from wss:// to \"", plain.url())));
  }
}

TEST(ClientRedirect, R22_ACircleEnds) {
  int requests = 0;
  const FakeServer::Script again = [&requests](FakePeer& peer) {
    peer.ReadRequest();
    ++requests;
    peer.Write(Redirect("/"));
    peer.ReadToEnd();
  };
  FakeServer server(std::vector<FakeServer::Script>(4, again));
  const absl::Status status = Client::Connect(server.url(), Following(3)).status();
  server.Join();
  EXPECT_EQ(requests, 4);
  EXPECT_EQ(HttpStatusOf(status), 302);
  EXPECT_THAT(
      std::string(status.message()),
      AllOf(StartsWith(absl::StrCat(server.url(), ": redirected to \"", server.url(), "\": ")),
            HasSubstr("not followed: it leads in a loop, back to "),
            HasSubstr("ClientOptions::http.max_redirects is 3")));
  EXPECT_EQ(RefusalOf(status)->not_followed,
            absl::StrCat("it leads in a loop, back to \"", server.url(), "\""));
}

// The error of Connect() for a redirect with these headers.
std::string NotFollowed(absl::string_view headers) {
  FakeServer server(
      Answer(absl::StrCat("HTTP/1.1 302 Found\r\n", headers, "Content-Length: 0\r\n\r\n")));
  const absl::Status status = Client::Connect(server.url(), Following()).status();
  EXPECT_EQ(HttpStatusOf(status), 302);
  const std::string message(status.message());
  const size_t reason = message.find("not followed: ");
  EXPECT_EQ(absl::StrCat("not followed: ", RefusalOf(status)->not_followed),
            reason == std::string::npos ? "" : message.substr(reason));
  return reason == std::string::npos ? message : message.substr(reason);
}

TEST(ClientRedirect, WhatLeadsNowhereIsSaid) {
  EXPECT_EQ(NotFollowed(""), "not followed: it has no header Location");
  EXPECT_EQ(NotFollowed("Location: /a\r\nlocation: /b\r\n"),
            "not followed: it has more than one header Location");
  EXPECT_EQ(
      NotFollowed("Location: ftp://h/\r\n"),
      "not followed: in its header Location the scheme \"ftp\" is not ws, wss, http or https");
  EXPECT_THAT(NotFollowed("Location: ws+unix:///run/s:/\r\n"), HasSubstr("\"ws+unix\" is not ws"));
  EXPECT_THAT(NotFollowed("Location: /\xFF\r\n"), HasSubstr("the URL holds \"\\xff\""));
  EXPECT_THAT(NotFollowed("Location: /a b\r\n"), HasSubstr("the URL holds \" \" after "));
}

}  // namespace
}  // namespace weft
