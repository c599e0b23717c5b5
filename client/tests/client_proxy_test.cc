// Connecting through proxies. The FakeServer plays the proxy, and then the server after it.

#include <stdlib.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/client/client.h"
#include "weft/client/testing/client_tests.h"
#include "weft/core/http/http_refusal.h"
#include "weft/core/http/http_status.h"
#include "weft/core/testing/hex.h"
#include "weft/core/version.h"
#include "weft/testing/fake_server.h"
#include "weft/transport/notification.h"
#include "weft/transport/peer_certificate.h"
#include "weft/transport/testing/tls_pair.h"
#include "weft/transport/tls_options.h"

namespace weft {
namespace {

using ::testing::AllOf;
using testing::FakePeer;
using testing::FakeServer;
using ::testing::HasSubstr;
using testing::Hex;
using ::testing::Not;
using testing::Quiet;
using ::testing::StartsWith;
using testing::TestCaFile;
using testing::TestIdentity;
using testing::TestTlsClient;
using testing::TestTlsServer;
using testing::Text;

constexpr char kUrl[] = "ws://server.example:8080/chat";
const std::string& ConnectRequest() {
  static const auto* const request = new std::string(
      absl::StrCat("CONNECT server.example:8080 HTTP/1.1\r\n",
                   "Host: server.example:8080\r\nUser-Agent: weft/", kVersion, "\r\n"));
  return *request;
}
constexpr char kConnected[] = "HTTP/1.1 200 Connection established\r\n\r\n";

std::string HttpProxy(const FakeServer& server, absl::string_view user = "") {
  return absl::StrCat("http://", user, "127.0.0.1:", server.port());
}
std::string Socks5Proxy(const FakeServer& server, absl::string_view user = "") {
  return absl::StrCat("socks5://", user, "127.0.0.1:", server.port());
}

ClientOptions Through(std::string proxy) {
  ClientOptions options = Quiet();
  options.proxy = std::move(proxy);
  return options;
}

// ---- HTTP ----

TEST(ClientHttpProxy, ConnectsAndThenUpgrades) {
  std::string connect, upgrade;
  FakeServer server([&](FakePeer& peer) {
    connect = peer.ReadRequest();
    peer.Write(kConnected);
    upgrade = peer.ReadRequest();
    peer.Write(FakePeer::Accept(upgrade) + Text("hi"));
    peer.EchoToEnd();
  });
  std::string heads;
  ClientOptions options = Through(HttpProxy(server));
  options.hooks.on_head = [&heads](HttpHead which, absl::string_view head) {
    absl::StrAppend(&heads, which == HttpHead::kRequest ? "> " : "< ", head);
  };
  absl::StatusOr<std::unique_ptr<Client>> client = Client::Connect(kUrl, options);
  ASSERT_TRUE(client.ok()) << client.status();
  EXPECT_RECEIVES(*client, "hi");
  EXPECT_TRUE((*client)->SendText("echo").ok());
  EXPECT_RECEIVES(*client, "echo");
  EXPECT_TRUE((*client)->Close().ok());
  server.Join();
  EXPECT_EQ(connect, absl::StrCat(ConnectRequest(), "\r\n"));
  EXPECT_EQ(heads, absl::StrCat("> ", connect, "< ", kConnected, "> ", upgrade, "< ",
                                FakePeer::Accept(upgrade)));
  EXPECT_THAT(upgrade, StartsWith("GET /chat HTTP/1.1\r\nHost: server.example:8080\r\n"));
}

// The request to the proxy for `url`, and the one then sent to the server.
std::pair<std::string, std::string> Requests(absl::string_view url, absl::string_view user,
                                             ClientOptions options = Quiet()) {
  std::pair<std::string, std::string> requests;
  FakeServer server([&](FakePeer& peer) {
    requests.first = peer.ReadRequest();
    peer.Write(kConnected);
    requests.second = peer.ReadRequest();
    peer.Write(FakePeer::Accept(requests.second));
    peer.ReadToEnd();
  });
  options.proxy = HttpProxy(server, user);
  const absl::StatusOr<std::unique_ptr<Client>> client = Client::Connect(url, options);
  EXPECT_TRUE(client.ok()) << client.status();
  return requests;
}

TEST(ClientHttpProxy, EachGetsItsOwnCredentials) {
  ClientOptions options = Quiet();
  options.request.basic_auth = {"Aladdin", "open sesame"};
  options.request.cookies = {{"SID", "31d4"}};
  const auto [connect, upgrade] = Requests(kUrl, "joe:s%20t@", options);
  EXPECT_EQ(connect, absl::StrCat(ConnectRequest(), "Proxy-Authorization: Basic ",
                                  absl::Base64Escape("joe:s t"), "\r\n\r\n"));
  EXPECT_THAT(upgrade, HasSubstr("\r\nAuthorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n"));
  EXPECT_THAT(upgrade, Not(HasSubstr("Proxy")));
}

TEST(ClientHttpProxy, TheTargetAlwaysHasAPort) {
  EXPECT_THAT(Requests("ws://server.example", "").first,
              StartsWith("CONNECT server.example:80 HTTP/1.1\r\nHost: server.example:80\r\n"));
  EXPECT_THAT(Requests("ws://[2001:db8::1]/", "").first,
              StartsWith("CONNECT [2001:db8::1]:80 HTTP/1.1\r\nHost: [2001:db8::1]:80\r\n"));
}

TEST(ClientHttpProxy, IsToldTheSameUserAgentAsTheServer) {
  ClientOptions options = Quiet();
  options.request.headers = {{"User-Agent", "Mozilla/5.0"}};
  EXPECT_THAT(Requests(kUrl, "", options),
              ::testing::Pair(HasSubstr("\r\nUser-Agent: Mozilla/5.0\r\n"),
                              HasSubstr("\r\nUser-Agent: Mozilla/5.0\r\n")));
  options.request.headers = {{"user-agent", ""}};
  EXPECT_THAT(Requests(kUrl, "", options),
              ::testing::Pair(Not(HasSubstr("ser-")), Not(HasSubstr("ser-Agent"))));
}

TEST(ClientHttpProxy, ConnectsToAnotherAddressThanTheUrls) {
  ClientOptions options = Quiet();
  options.connect_to = "backend.example:9001";
  const auto [connect, upgrade] = Requests(kUrl, "", options);
  EXPECT_THAT(connect, StartsWith("CONNECT backend.example:9001 HTTP/1.1\r\n"));
  EXPECT_THAT(upgrade, HasSubstr("\r\nHost: server.example:8080\r\n"));
}

// RFC 9110, section 9.3.6.
TEST(ClientHttpProxy, AnyAnswerOf2xxIsGoodWhateverLengthItClaims) {
  FakeServer server([](FakePeer& peer) {
    peer.ReadRequest();
    peer.Write("HTTP/1.0 299 Fine\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n");
    peer.AcceptUpgrade(Text("hi"));
    peer.ReadToEnd();
  });
  absl::StatusOr<std::unique_ptr<Client>> client =
      Client::Connect(kUrl, Through(HttpProxy(server)));
  ASSERT_TRUE(client.ok()) << client.status();
  EXPECT_RECEIVES(*client, "hi");
}

// The error of Connect() after "the proxy ... does not connect to ...: " for a proxy that does
// `script`. It never contains the password.
absl::Status Refusal(const std::function<void(FakePeer&)>& script, absl::string_view user = "",
                     bool socks = false) {
  FakeServer server(script);
  const std::string proxy = socks ? Socks5Proxy(server) : HttpProxy(server);
  const absl::StatusOr<std::unique_ptr<Client>> client =
      Client::Connect(kUrl, Through(socks ? Socks5Proxy(server, user) : HttpProxy(server, user)));
  const std::string prefix =
      absl::StrCat(kUrl, ": the proxy ", proxy, " does not connect to server.example:8080: ");
  const std::string message(client.status().message());
  EXPECT_THAT(message, AllOf(StartsWith(prefix), Not(HasSubstr("secret"))));
  EXPECT_EQ(RefusalOf(client.status()), std::nullopt) << "the server has refused nothing";
  if (HttpStatusOf(client.status()) != HttpStatusOf(absl::Status(client.status().code(), ""))) {
    return HttpError(HttpStatusOf(client.status()), message.substr(prefix.size()));
  }
  return absl::Status(client.status().code(), message.substr(prefix.size()));
}

auto AnswerAndEnd(std::string answer) {
  return [answer = std::move(answer)](FakePeer& peer) {
    peer.ReadRequest();
    peer.Write(answer);
    peer.Shutdown();
    peer.ReadToEnd();
  };
}

TEST(ClientHttpProxy, RefusalsKeepTheirStatus) {
  for (const int code : {101, 301, 400, 403, 404, 405, 429, 500, 502, 503, 504, 599}) {
    const absl::Status status =
        Refusal(AnswerAndEnd(absl::StrCat("HTTP/1.1 ", code, " x\r\n\r\nbody")));
    EXPECT_EQ(HttpStatusOf(status), code);
    EXPECT_THAT(std::string(status.message()), StartsWith(absl::StrCat("it answered HTTP ", code)));
  }
  EXPECT_EQ(Refusal(AnswerAndEnd("HTTP/1.1 403 x\r\n\r\n")).message(),
            "it answered HTTP 403 Forbidden");
}

TEST(ClientHttpProxy, WhatItSaysOfCredentials) {
  const auto answer = AnswerAndEnd(
      "HTTP/1.1 407 x\r\nProxy-Authenticate: Basic realm=\"r\"\r\nContent-Length: 0\r\n\r\n");
  const absl::Status without = Refusal(answer);
  EXPECT_CODE(without, kUnauthenticated);
  EXPECT_EQ(HttpStatusOf(without), 407);
  EXPECT_EQ(without.message(),
            "it answered HTTP 407 Proxy Authentication Required: it requires a user name and a "
            "password, and asks for \"Basic realm=\\\"r\\\"\"");
  const absl::Status with = Refusal(answer, "joe:secret@");
  EXPECT_CODE(with, kUnauthenticated);
  EXPECT_THAT(std::string(with.message()), HasSubstr("rejects the user name and password"));
  const absl::Status as_a_server = Refusal(AnswerAndEnd("HTTP/1.1 401 x\r\n\r\n"), "joe:secret@");
  EXPECT_CODE(as_a_server, kUnauthenticated);
  EXPECT_THAT(std::string(as_a_server.message()), HasSubstr("rejects the user name and password"));
  const absl::Status bad = Refusal(answer, "j%3Aoe:secret@");
  EXPECT_CODE(bad, kInvalidArgument);
  EXPECT_THAT(std::string(bad.message()), HasSubstr("\"j:oe\""));
}

TEST(ClientHttpProxy, AnswersThatAreNone) {
  EXPECT_EQ(Refusal(AnswerAndEnd("")).message(),
            "no complete answer to the request: the peer closed the connection");
  EXPECT_CODE(Refusal(AnswerAndEnd("HTTP/1.1 200 OK\r\nA: ")), kUnavailable);
  EXPECT_CODE(Refusal(AnswerAndEnd("SSH-2.0-OpenSSH\r\n\r\n")), kInvalidArgument);
  EXPECT_CODE(Refusal(AnswerAndEnd(Hex("05ff") + "\r\n\r\n")), kInvalidArgument);
  EXPECT_CODE(Refusal(AnswerAndEnd(std::string(1 << 20, 'x'))), kInvalidArgument);
  EXPECT_THAT(
      std::string(
          Refusal(AnswerAndEnd("HTTP/1.1 200 OK\r\nA: " + std::string(1 << 20, 'x'))).message()),
      HasSubstr("over 16384 bytes"));
  EXPECT_CODE(Refusal([](FakePeer& peer) {
                peer.ReadRequest();  // a reset before that may already end connect()
                peer.Reset();
              }),
              kUnavailable);
}

// Nothing was sent to the server yet: these bytes can only be the proxy's, or an attack.
TEST(ClientHttpProxy, BytesBehindTheAnswerAreRefused) {
  EXPECT_EQ(Refusal(AnswerAndEnd(absl::StrCat(kConnected, "HTTP/1.1 101 x"))).message(),
            "it sent \"HTTP/1.1 101 x\" after its response");
}

TEST(ClientHttpProxy, NobodyThere) {
  std::string proxy;
  {
    FakeServer server([](FakePeer&) {});
    proxy = HttpProxy(server);
  }
  const absl::Status status = Client::Connect(kUrl, Through(proxy)).status();
  EXPECT_CODE(status, kUnavailable);
  EXPECT_THAT(std::string(status.message()),
              AllOf(StartsWith(absl::StrCat(kUrl, ": cannot reach the proxy ", proxy, ": ")),
                    HasSubstr("Connection refused")));
}

// The server's refusal through the proxy is reported as the server's.
TEST(ClientHttpProxy, ARefusalOfTheServerBehindIt) {
  FakeServer server([](FakePeer& peer) {
    peer.ReadRequest();
    peer.Write(kConnected);
    peer.ReadRequest();
    peer.Write("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
    peer.ReadToEnd();
  });
  const absl::Status status = Client::Connect(kUrl, Through(HttpProxy(server))).status();
  EXPECT_CODE(status, kPermissionDenied);
  ASSERT_TRUE(RefusalOf(status).has_value());
  EXPECT_EQ(RefusalOf(status)->body, "no");
}

// ---- SOCKS5 ----

constexpr char kSocksConnected[] = "05000001000000000000";

// The request to the proxy: "server.example", 8080.
std::string SocksRequest() {
  return absl::StrCat(Hex("05010003"), "\x0e", "server.example", Hex("1f90"));
}

TEST(ClientSocks5Proxy, ConnectsAndThenUpgrades) {
  FakeServer server([](FakePeer& peer) {
    EXPECT_EQ(peer.ReadBytes(3), Hex("050100"));
    peer.Write(Hex("0500"));
    EXPECT_EQ(peer.ReadBytes(21), SocksRequest());
    peer.Write(Hex(kSocksConnected));
    peer.AcceptUpgrade(Text("hi"));
    peer.EchoToEnd();
  });
  absl::StatusOr<std::unique_ptr<Client>> client =
      Client::Connect(kUrl, Through(Socks5Proxy(server)));
  ASSERT_TRUE(client.ok()) << client.status();
  EXPECT_RECEIVES(*client, "hi");
  EXPECT_TRUE((*client)->Close().ok());
}

TEST(ClientSocks5Proxy, AnswersByteByByte) {
  FakeServer server([](FakePeer& peer) {
    const auto write_slowly = [&peer](absl::string_view bytes) {
      for (const char& byte : bytes) peer.Write({&byte, 1});
    };
    EXPECT_EQ(peer.ReadBytes(4), Hex("05020002"));
    write_slowly(Hex("0502"));
    EXPECT_EQ(peer.ReadBytes(12), absl::StrCat("\x01\x03joe\x06secret"));
    write_slowly(Hex("0100"));
    EXPECT_EQ(peer.ReadBytes(21), SocksRequest());
    write_slowly(
        Hex("05000003"
            "03612e62"
            "0050"));
    peer.AcceptUpgrade(Text("hi"));
    peer.ReadToEnd();
  });
  absl::StatusOr<std::unique_ptr<Client>> client =
      Client::Connect(kUrl, Through(Socks5Proxy(server, "joe:secret@")));
  ASSERT_TRUE(client.ok()) << client.status();
  EXPECT_RECEIVES(*client, "hi");
}

absl::Status SocksRefusal(const std::function<void(FakePeer&)>& script,
                          absl::string_view user = "") {
  return Refusal(script, user, true);
}

// Answers the greeting, and then the request, with these bytes; then it closes.
auto Socks(std::string greeting, std::string reply = "") {
  return [=](FakePeer& peer) {
    peer.ReadBytes(3);
    peer.Write(Hex(greeting));
    if (!reply.empty()) {
      peer.ReadBytes(21);
      peer.Write(Hex(reply));
    }
    peer.Shutdown();
    peer.ReadToEnd();
  };
}

TEST(ClientSocks5Proxy, Refusals) {
  EXPECT_EQ(SocksRefusal(Socks("0500", "05050001000000000000")),
            absl::UnavailableError("the connection was refused"));
  EXPECT_EQ(SocksRefusal(Socks("0500", "05020001000000000000")),
            absl::PermissionDeniedError("its rules forbid the connection"));
  EXPECT_EQ(SocksRefusal(Socks("05ff")),
            absl::UnauthenticatedError("it requires a user name and a password"));
  EXPECT_EQ(SocksRefusal(
                [](FakePeer& peer) {
                  peer.ReadBytes(4);
                  peer.Write(Hex("0502"));
                  peer.ReadBytes(12);
                  peer.Write(Hex("0101"));
                  peer.ReadToEnd();
                },
                "joe:secret@"),
            absl::UnauthenticatedError("it rejects the user name and password"));
}

TEST(ClientSocks5Proxy, AnswersThatAreNone) {
  EXPECT_EQ(SocksRefusal(Socks("")), absl::UnavailableError("the peer closed the connection"));
  EXPECT_CODE(SocksRefusal(Socks("05")), kUnavailable);
  EXPECT_CODE(SocksRefusal(Socks("0500", "050000")), kUnavailable);
  EXPECT_CODE(SocksRefusal(Socks("0500", "05000003ff61")), kUnavailable);
  EXPECT_CODE(SocksRefusal(Socks("045a")), kFailedPrecondition);
  EXPECT_CODE(SocksRefusal(Socks("0500", "04000001000000000000")), kFailedPrecondition);
  EXPECT_CODE(SocksRefusal([](FakePeer& peer) {
                peer.ReadBytes(3);
                peer.Reset();
              }),
              kUnavailable);
  EXPECT_THAT(std::string(SocksRefusal([](FakePeer& peer) {
                            peer.Write("HTTP/1.1 400 Bad Request\r\n\r\n");
                            peer.ReadToEnd();
                          }).message()),
              HasSubstr("does not speak SOCKS5"));
}

// ---- TLS through a proxy ----

void PassThroughHttp(FakePeer& peer) {
  peer.ReadRequest();
  peer.Write(kConnected);
}
void PassThroughSocks5(FakePeer& peer) {
  peer.ReadBytes(3);
  peer.Write(Hex("0500"));
  peer.ReadBytes(4 + 1 + 9 + 2);
  peer.Write(Hex(kSocksConnected));
}

TEST(ClientProxyTls, SendsAndReceives) {
  for (const bool socks : {false, true}) {
    FakeServer server([socks](FakePeer& peer) {
      socks ? PassThroughSocks5(peer) : PassThroughHttp(peer);
      peer.StartTls(*TestTlsServer());
      peer.AcceptUpgrade(Text("hi"));
      peer.EchoToEnd();
    });
    ClientOptions options = Through(socks ? Socks5Proxy(server) : HttpProxy(server));
    options.tls = TestTlsClient();
    absl::StatusOr<std::unique_ptr<Client>> client =
        Client::Connect("wss://localhost:8443/", options);
    ASSERT_TRUE(client.ok()) << client.status();
    EXPECT_RECEIVES(*client, "hi");
    EXPECT_TRUE((*client)->Close().ok());
  }
}

// The certificate must be the server's, not the proxy's, and be valid.
TEST(ClientProxyTls, R19_ViaProxy) {
  for (const bool socks : {false, true}) {
    for (const char* identity :
         {"other_host", "wildcard", "expired", "not_yet_valid", "self_signed", "unknown"}) {
      std::string request;
      FakeServer server([&](FakePeer& peer) {
        socks ? PassThroughSocks5(peer) : PassThroughHttp(peer);
        peer.StartTls(*TestTlsServer({.identities = {TestIdentity(identity)}}));
        request = peer.ReadRequest();
      });
      ClientOptions options = Through(socks ? Socks5Proxy(server) : HttpProxy(server));
      options.tls = TestTlsClient();
      const absl::Status status = Client::Connect("wss://localhost:8443/", options).status();
      server.Join();
      EXPECT_CODE(status, kUnauthenticated);
      EXPECT_THAT(std::string(status.message()),
                  StartsWith("wss://localhost:8443/: no TLS with \"localhost\": "));
      EXPECT_EQ(request, "") << identity;
    }
  }
}

// ---- TLS to the proxy ----

// A proxy with this certificate that has connected, and its URL.
void StartTlsAndPassThrough(FakePeer& peer, bool socks, absl::string_view identity = "server") {
  peer.StartTls(*TestTlsServer({.identities = {TestIdentity(identity)}}));
  socks ? PassThroughSocks5(peer) : PassThroughHttp(peer);
}
std::string TlsProxy(const FakeServer& server, bool socks, absl::string_view user = "") {
  return absl::StrCat(socks ? "socks5s://" : "https://", user, "127.0.0.1:", server.port());
}

TEST(ClientTlsProxy, ConnectsAndThenUpgrades) {
  for (const bool socks : {false, true}) {
    FakeServer server([socks](FakePeer& peer) {
      StartTlsAndPassThrough(peer, socks);
      peer.AcceptUpgrade(Text("hi"));
      peer.EchoToEnd();
    });
    absl::StatusOr<std::unique_ptr<Client>> client =
        Client::Connect("ws://localhost:8443/", Through(TlsProxy(server, socks)));
    ASSERT_TRUE(client.ok()) << client.status();
    EXPECT_RECEIVES(*client, "hi");
    EXPECT_TRUE((*client)->SendText("echo").ok());
    EXPECT_RECEIVES(*client, "echo");
    EXPECT_TRUE((*client)->Close().ok());
  }
}

TEST(ClientTlsProxy, TlsWithTheServerIsInsideOfTlsWithTheProxy) {
  for (const bool socks : {false, true}) {
    FakeServer server([socks](FakePeer& peer) {
      StartTlsAndPassThrough(peer, socks);
      peer.StartTls(*TestTlsServer());
      peer.AcceptUpgrade(Text("hi"));
      peer.EchoToEnd();
    });
    absl::StatusOr<std::unique_ptr<Client>> client =
        Client::Connect("wss://localhost:8443/", Through(TlsProxy(server, socks)));
    ASSERT_TRUE(client.ok()) << client.status();
    EXPECT_RECEIVES(*client, "hi");
    const std::string large(1 << 20, 'x');
    EXPECT_TRUE((*client)->SendText(large).ok());
    EXPECT_RECEIVES(*client, large);
    EXPECT_TRUE((*client)->Close().ok());
  }
}

// Neither the target nor the credentials are sent to a proxy whose certificate is not good.
TEST(ClientTlsProxy, R19_TheCertificateOfTheProxyIsChecked) {
  for (const bool socks : {false, true}) {
    for (const char* identity : {"other_host", "expired", "self_signed"}) {
      std::string request;
      FakeServer server([&](FakePeer& peer) {
        peer.StartTls(*TestTlsServer({.identities = {TestIdentity(identity)}}));
        request = peer.ReadBytes(1);
      });
      const std::string proxy = TlsProxy(server, socks);
      const absl::Status status =
          Client::Connect(kUrl, Through(TlsProxy(server, socks, "joe:secret@"))).status();
      server.Join();
      EXPECT_CODE(status, kUnauthenticated);
      EXPECT_THAT(std::string(status.message()),
                  StartsWith(absl::StrCat(kUrl, ": cannot reach the proxy ", proxy,
                                          ": no TLS with \"127.0.0.1\": ")));
      EXPECT_EQ(request, "") << identity;
    }
  }
}

TEST(ClientTlsProxy, R19_TheServerInsideIsCheckedToo) {
  FakeServer server([](FakePeer& peer) {
    StartTlsAndPassThrough(peer, false);
    peer.StartTls(*TestTlsServer({.identities = {TestIdentity("other_host")}}));
    EXPECT_EQ(peer.ReadRequest(), "");
  });
  const absl::Status status =
      Client::Connect("wss://localhost:8443/", Through(TlsProxy(server, false))).status();
  EXPECT_CODE(status, kUnauthenticated);
  EXPECT_THAT(std::string(status.message()),
              StartsWith("wss://localhost:8443/: no TLS with \"localhost\": "));
}

// The identity of the client in the eyes of a proxy that asks for a certificate.
std::string SeenByTheProxy(ClientOptions options) {
  std::string seen;
  FakeServer server([&seen](FakePeer& peer) {
    peer.StartTls(*TestTlsServer({.identities = {TestIdentity("server")},
                                  .client_certificates = ClientCertificates::kOptional,
                                  .client_ca_file = TestCaFile("ca.pem")}));
    PassThroughHttp(peer);
    const std::optional<PeerCertificate> certificate = peer.certificate();
    seen = certificate.has_value() ? certificate->subject : "nobody";
    peer.AcceptUpgrade();
    peer.ReadToEnd();
  });
  options.proxy = TlsProxy(server, false);
  EXPECT_TRUE(Client::Connect("ws://localhost/", options).ok());
  server.Join();
  return seen;
}

TEST(ClientTlsProxy, IsShownNoCertificateButThatOfItsOwnOption) {
  ClientOptions options = Quiet();
  options.tls =
      TestTlsClient({.ca_file = TestCaFile("ca.pem"), .identity = TestIdentity("client")});
  EXPECT_EQ(SeenByTheProxy(options), "nobody");
  options.proxy_tls = options.tls;
  options.tls = TestTlsClient({.ca_file = TestCaFile("unknown_ca.pem")});
  EXPECT_THAT(SeenByTheProxy(options), HasSubstr("client"));
}

// ---- The environment ----

class ClientProxyEnvironment : public ::testing::Test {
 protected:
  void SetUp() override { Clear(); }
  void TearDown() override { Clear(); }

 private:
  void Clear() {
    for (const char* name : {"http_proxy", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"}) {
      unsetenv(name);
    }
  }
};

TEST_F(ClientProxyEnvironment, IsAskedByDefault) {
  FakeServer server([](FakePeer& peer) {
    PassThroughHttp(peer);
    peer.AcceptUpgrade(Text("hi"));
    peer.ReadToEnd();
  });
  setenv("http_proxy", HttpProxy(server).c_str(), 1);
  setenv("no_proxy", "other.example", 1);
  absl::StatusOr<std::unique_ptr<Client>> client = Client::Connect(kUrl, Quiet());
  ASSERT_TRUE(client.ok()) << client.status();
  EXPECT_RECEIVES(*client, "hi");
}

TEST_F(ClientProxyEnvironment, IsNotAskedForThisMachine) {
  FakeServer server(testing::Say(Text("hi")));
  setenv("all_proxy", "http://127.0.0.1:1", 1);
  absl::StatusOr<std::unique_ptr<Client>> client = Client::Connect(server.url(), Quiet());
  ASSERT_TRUE(client.ok()) << client.status();
  EXPECT_RECEIVES(*client, "hi");
}

TEST_F(ClientProxyEnvironment, WhatIsWrongInItIsSaid) {
  setenv("http_proxy", "ftp://joe:secret@h", 1);
  EXPECT_EQ(Client::Connect(kUrl).status(),
            absl::InvalidArgumentError(
                absl::StrCat(kUrl, ": the environment's http_proxy: the proxy's scheme \"ftp\" ",
                             "is not http, https, socks5, socks5h or socks5s")));
}

}  // namespace
}  // namespace weft
