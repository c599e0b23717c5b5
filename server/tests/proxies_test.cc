// A server behind proxies: which address it takes for the client's, and how it answers requests
// that a proxy has damaged.

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/server/http/page.h"
#include "weft/server/metrics/metrics.h"
#include "weft/server/server.h"
#include "weft/testing/server_fixture.h"
#include "weft/testing/test_client.h"
#include "weft/transport/address.h"
#include "weft/transport/testing/tls_pair.h"

namespace weft {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using testing::TestClient;
using testing::TestTlsClient;
using testing::TestTlsServer;

constexpr char kOk[] = "HTTP/1.1 101 Switching Protocols";
constexpr char kTooMany[] = "HTTP/1.1 429 Too Many Requests";
constexpr char kLine[] = "PROXY TCP4 192.0.2.7 192.0.2.1 4711 80\r\n";
constexpr char kUnknown[] = "PROXY UNKNOWN\r\n";

std::string Binary(absl::string_view hex) {
  return absl::StrCat(absl::string_view("\r\n\r\n\0\r\nQUIT\n", 12), absl::HexStringToBytes(hex));
}
std::string BinaryClient() {
  return Binary(
      "2111000cc0000207c00002011267"
      "0050");
}
std::string Local() { return Binary("20000000"); }

std::string For(absl::string_view ip) { return absl::StrCat("X-Forwarded-For: ", ip, "\r\n"); }

class ProxiesTest : public testing::ServerFixture {
 protected:
  // The test's clients connect from 127.0.0.1: to the server they are proxies.
  static ServerOptions Behind(ProxyProtocol protocol = ProxyProtocol::kOff,
                              ServerOptions options = {}) {
    options.proxies.trusted_networks = {"127.0.0.1"};
    options.proxies.protocol = protocol;
    return options;
  }

  // The journal has the client and the proxy of each upgrade, and of its session.
  void StartBehind(ServerOptions options) {
    accept_ = [this](const SessionRequest& request, UpgradeResponse&) {
      journal_.Write(absl::StrCat("client ", request.peer_address.ToString(), " proxy ",
                                  request.proxy_address.ip(), " ", request.scheme));
      return request.path() == "/no" ? absl::NotFoundError("no") : absl::OkStatus();
    };
    script_.on_open = [this](Session& session) {
      journal_.Write(absl::StrCat("session of ", session.peer_address().ToString()));
    };
    Start(std::move(options));
  }

  // A client that sends `header` first.
  TestClient ConnectWith(absl::string_view header) {
    TestClient client = Connect();
    client.Send(header);
    return client;
  }

  // The answer to an upgrade request with these fields instead of the usual Host.
  std::string Ask(absl::string_view fields, absl::string_view header = "") {
    TestClient client = ConnectWith(header);
    client.Send(
        absl::StrReplaceAll(TestClient::UpgradeRequest(), {{"Host: localhost\r\n", fields}}));
    const std::string head = client.ReadHead();
    if (head.substr(9, 3) == "101") return "101";
    return absl::StrCat(head.substr(9, 3), " ", client.ReadToEnd());
  }

  void WaitForNobody() {
    while (server_->connections() > 0) std::this_thread::yield();
  }

  uint64_t Failures(HandshakeFailure reason) {
    return server_->metrics().handshake_failures[static_cast<size_t>(reason)];
  }
};

// ---- Header fields ----

TEST_F(ProxiesTest, TheClientIsTheOneThatATrustedProxyNames) {
  StartBehind(Behind());
  TestClient client = Connect();
  EXPECT_EQ(client.Upgrade("/",
                           "X-Forwarded-For: 6.6.6.6, 192.0.2.7\r\n"
                           "X-Forwarded-Proto: https\r\n"),
            kOk);
  journal_.WaitFor("client 192.0.2.7:0 proxy 127.0.0.1 https");
  journal_.WaitFor("session of 192.0.2.7:0");
  client.Close();
  log_.WaitForPart(" of 192.0.2.7:0: ");
}

TEST_F(ProxiesTest, NobodyIsBelievedByDefault) {
  StartBehind({});
  TestClient client = Connect();
  EXPECT_EQ(client.Upgrade("/",
                           "X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: https\r\n"
                           "Forwarded: for=192.0.2.7\r\n"),
            kOk);
  const std::string own = LocalAddress(client.stream().fd()).ToString();
  journal_.WaitFor(absl::StrCat("client ", own, " proxy  http"));
  journal_.WaitFor(absl::StrCat("session of ", own));
}

TEST_F(ProxiesTest, ForwardedIfItIsChosen) {
  ServerOptions options = Behind();
  options.proxies.header = ForwardedBy::kForwarded;
  StartBehind(std::move(options));
  TestClient client = Connect();
  EXPECT_EQ(client.Upgrade("/",
                           "Forwarded: for=\"[2001:db8::1]:4711\";proto=https\r\n"
                           "X-Forwarded-For: 6.6.6.6\r\n"),
            kOk);
  journal_.WaitFor("client [2001:db8::1]:4711 proxy 127.0.0.1 https");
}

TEST_F(ProxiesTest, AFieldThatATrustedProxyWritesWronglyIs400) {
  StartBehind(Behind());
  EXPECT_EQ(Ask("Host: localhost\r\nX-Forwarded-For: example.com\r\n"),
            "400 the header X-Forwarded-For has \"example.com\", expected an IP address, perhaps "
            "with a port\n");
  EXPECT_EQ(Failures(HandshakeFailure::kProxy), 1u);
  log_.WaitForPart("HTTP 400, the header X-Forwarded-For has ");
}

TEST_F(ProxiesTest, RequestsOfOneConnectionHaveEachTheirClient) {
  ServerOptions options = Behind();
  options.http.pages = [](const PageRequest& request) -> absl::StatusOr<PageResponse> {
    if (request.path() == "/no") return absl::NotFoundError("no");
    return Page("text/plain", absl::StrCat(request.peer_address.ToString(), " by ",
                                           request.proxy_address.ip(), " ", request.scheme));
  };
  StartBehind(std::move(options));
  TestClient client = Connect();
  const auto get = [&](absl::string_view path, absl::string_view fields) {
    client.Send(absl::StrCat("POST ", path, " HTTP/1.1\r\nHost: localhost\r\n", fields,
                             "Content-Length: 1\r\n\r\n."));
    const std::string head = client.ReadHead();
    size_t size = 0;
    EXPECT_TRUE(absl::SimpleAtoi(head.substr(head.find("Content-Length: ") + 16, 2), &size));
    return client.ReadBytes(size);
  };
  EXPECT_EQ(get("/", For("192.0.2.7")), "192.0.2.7:0 by 127.0.0.1 http");
  EXPECT_EQ(get("/", "X-Forwarded-For: 192.0.2.8\r\nX-Forwarded-Proto: https\r\n"),
            "192.0.2.8:0 by 127.0.0.1 https");
  const std::string own = LocalAddress(client.stream().fd()).ToString();
  EXPECT_EQ(get("/", ""), absl::StrCat(own, " by  http"));
  EXPECT_EQ(client.Upgrade("/", For("192.0.2.9")), kOk);
  journal_.WaitFor("session of 192.0.2.9:0");
}

TEST_F(ProxiesTest, RefusalsNameTheClientInTheLog) {
  StartBehind(Behind());
  EXPECT_THAT(
      Connect().Upgrade("/", absl::StrCat(For("192.0.2.7"), "Origin: http://a.example\r\n")),
      StartsWith("HTTP/1.1 403 "));
  log_.WaitForPart("192.0.2.7:0");
}

// A proxy sends requests of many clients on one connection.
TEST_F(ProxiesTest, RefusalsNameNoClientOfAnEarlierRequest) {
  ServerOptions options = Behind();
  options.http.pages = [](const PageRequest&) { return Page("text/plain", "page"); };
  StartBehind(std::move(options));
  const auto get = [](absl::string_view fields) {
    return absl::StrCat("GET / HTTP/1.1\r\nHost: localhost\r\n", fields, "\r\n");
  };
  TestClient lost = ConnectWith(get(For("192.0.2.7")));
  EXPECT_THAT(lost.ReadHead(), StartsWith("HTTP/1.1 200 "));
  lost.Send(get(absl::StrCat(For("192.0.2.8"), "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n")));
  EXPECT_THAT(lost.ReadToEnd(), HasSubstr("HTTP/1.1 426 "));
  log_.WaitForPart("refused 192.0.2.8:0: HTTP 426, ");

  // The client of a request that cannot be parsed, or is not complete, is unknown.
  for (const bool complete : {true, false}) {
    log_.Clear();
    TestClient client = ConnectWith(get(For("192.0.2.7")));
    EXPECT_THAT(client.ReadHead(), StartsWith("HTTP/1.1 200 "));
    client.Send(complete ? "malformed\r\n\r\n" : "GET / HTTP/1.1\r\n");
    if (!complete) Pass(11000);
    EXPECT_THAT(client.ReadToEnd(), HasSubstr(complete ? "HTTP/1.1 400 " : "HTTP/1.1 408 "));
    log_.WaitForPart(absl::StrCat("refused ", LocalAddress(client.stream().fd()).ToString(),
                                  complete ? ": HTTP 400, " : ": HTTP 408, "));
  }
}

// ---- The PROXY protocol ----

TEST_F(ProxiesTest, TheClientIsTheOneOfTheProxyHeader) {
  StartBehind(Behind(ProxyProtocol::kRequired));
  for (const std::string& header : {std::string(kLine), BinaryClient()}) {
    journal_.Clear();
    TestClient client = ConnectWith(header);
    EXPECT_EQ(client.Upgrade(), kOk);
    journal_.WaitFor("client 192.0.2.7:4711 proxy 127.0.0.1 http");
    journal_.WaitFor("session of 192.0.2.7:4711");
    client.SendText("x");
    EXPECT_EQ(client.ReadFrame(), "fin text x");
  }
}

TEST_F(ProxiesTest, TheHeaderIsReadHoweverItIsCut) {
  StartBehind(Behind(ProxyProtocol::kOptional));
  for (const std::string& header : {std::string(kLine), BinaryClient(), std::string()}) {
    const std::string request = absl::StrCat(header, TestClient::UpgradeRequest());
    for (size_t size = 1; size < request.size(); size += size < header.size() + 5 ? 1 : 50) {
      journal_.Clear();
      TestClient client = ConnectWith(absl::string_view(request).substr(0, size));
      LetTheLoopTurn();
      client.Send(absl::string_view(request).substr(size));
      EXPECT_THAT(client.ReadHead(), StartsWith(kOk)) << size;
      if (!header.empty()) journal_.WaitFor("session of 192.0.2.7:4711");
    }
  }
}

TEST_F(ProxiesTest, TheHeaderComesBeforeTls) {
  ServerOptions options = Behind(ProxyProtocol::kOptional);
  options.tls = TestTlsServer();
  StartBehind(std::move(options));
  const auto context = TestTlsClient();
  for (const std::string& header : {std::string(kLine), BinaryClient(), std::string()}) {
    journal_.Clear();
    TestClient client = ConnectWith(header);
    EXPECT_EQ(client.StartTls(*context), "");
    EXPECT_EQ(client.Upgrade(), kOk);
    if (!header.empty()) journal_.WaitFor("client 192.0.2.7:4711 proxy 127.0.0.1 https");
  }
}

// The bytes before TLS must not become part of a request.
TEST_F(ProxiesTest, BytesBeforeTlsAreNoRequest) {
  ServerOptions options = Behind(ProxyProtocol::kOptional);
  options.tls = TestTlsServer();
  StartBehind(std::move(options));
  TestClient client = ConnectWith("PRO");
  while (server_->metrics().bytes_received < 3) std::this_thread::yield();
  client.Send("T");
  EXPECT_THAT(client.ReadFrame(), AnyOf("end", "reset"));
  EXPECT_EQ(Failures(HandshakeFailure::kTls), 1u);
}

TEST_F(ProxiesTest, TheHeaderAndTheRequestShareTheTimeOfTheHandshake) {
  ServerOptions options = Behind(ProxyProtocol::kRequired);
  options.timeouts.handshake = absl::Seconds(10);
  StartBehind(std::move(options));
  TestClient client = Connect();
  Pass(9000);
  client.Send(kLine);
  Pass(2000);
  EXPECT_EQ(client.ReadFrame(), "end");
  log_.WaitForPart("the handshake took too long");
}

TEST_F(ProxiesTest, AConnectionOfTheProxysOwn) {
  StartBehind(Behind(ProxyProtocol::kRequired));
  for (const std::string& header : {Local(), std::string(kUnknown)}) {
    journal_.Clear();
    TestClient client = ConnectWith(header);
    // A client without an address could have sent this field.
    EXPECT_EQ(client.Upgrade("/", For("6.6.6.6")), kOk);
    const std::string own = LocalAddress(client.stream().fd()).ToString();
    journal_.WaitFor(absl::StrCat("session of ", own));
  }
}

TEST_F(ProxiesTest, FieldsOfAClientThatTheHeaderNamesAreNotBelieved) {
  StartBehind(Behind(ProxyProtocol::kRequired));
  TestClient client = ConnectWith(kLine);
  EXPECT_EQ(client.Upgrade("/", For("6.6.6.6")), kOk);
  journal_.WaitFor("session of 192.0.2.7:4711");
}

TEST_F(ProxiesTest, FieldsOfATrustedProxyThatTheHeaderNamesAre) {
  ServerOptions options = Behind(ProxyProtocol::kRequired);
  options.proxies.trusted_networks.push_back("192.0.2.7");
  StartBehind(std::move(options));
  TestClient client = ConnectWith(kLine);
  EXPECT_EQ(client.Upgrade("/", For("203.0.113.1")), kOk);
  journal_.WaitFor("session of 203.0.113.1:0");
}

constexpr char kUnexpected[] =
    "400 this connection begins with a header of the PROXY protocol, which is not expected from "
    "127.0.0.1: if that is your proxy, list it in ServerOptions::proxies.trusted_networks and set "
    "proxies.protocol, or turn the header off at the proxy (HAProxy: send-proxy, nginx: "
    "proxy_protocol, stunnel: protocol = proxy)\n";

TEST_F(ProxiesTest, AHeaderThatIsNotExpectedIsNamed) {
  StartBehind({});
  for (const std::string& header : {std::string(kLine), BinaryClient(), Local()}) {
    EXPECT_EQ(Ask("Host: localhost\r\n", header), kUnexpected);
  }
  log_.WaitForPart("HTTP 400, this connection begins with a header of the PROXY protocol");
  EXPECT_EQ(Failures(HandshakeFailure::kProxy), 3u);
}

TEST_F(ProxiesTest, AHeaderOfAStrangerIsNotBelieved) {
  ServerOptions options = Behind(ProxyProtocol::kRequired);
  options.proxies.trusted_networks = {"10.0.0.0/8"};
  StartBehind(std::move(options));
  EXPECT_EQ(Ask("Host: localhost\r\n", kLine), kUnexpected);
  EXPECT_EQ(Ask("Host: localhost\r\n"), "101");  // a direct client
}

// Its network is listed, so that is not the cure.
TEST_F(ProxiesTest, AHeaderThatATrustedProxySendsNeedsTheProtocol) {
  StartBehind(Behind());
  EXPECT_THAT(Ask("Host: localhost\r\n", kLine),
              HasSubstr("which is not expected from 127.0.0.1: set "
                        "ServerOptions::proxies.protocol, or turn the header off at the proxy "));
}

// The sender of the second one may be any client: nothing is to be listed.
TEST_F(ProxiesTest, ASecondHeaderIsNamed) {
  StartBehind(Behind(ProxyProtocol::kRequired));
  for (const std::string& header : {std::string(kLine), Local()}) {
    const std::string answer = Ask("Host: localhost\r\n", absl::StrCat(header, kLine));
    EXPECT_THAT(answer,
                StartsWith("400 this connection has a second header of the PROXY protocol"));
    EXPECT_THAT(answer, Not(HasSubstr("trusted_networks")));
  }
}

TEST_F(ProxiesTest, AHeaderWhereTlsIsExpectedIsNamedInTheLog) {
  StartBehind({.tls = TestTlsServer()});
  for (const std::string& header : {std::string(kLine), BinaryClient()}) {
    log_.Clear();
    EXPECT_THAT(ConnectWith(header).ReadFrame(), AnyOf("end", "reset"));
    log_.WaitForPart(
        "the client begins with a header of the PROXY protocol, where this port expects "
        "TLS: allow it by ServerOptions::proxies, or turn it off at the proxy");
  }
}

TEST_F(ProxiesTest, AMissingHeaderIsNamed) {
  StartBehind(Behind(ProxyProtocol::kRequired));
  EXPECT_THAT(Ask("Host: localhost\r\n"),
              StartsWith("400 this connection from 127.0.0.1 does not begin with a header of the "
                         "PROXY protocol, which ServerOptions::proxies.protocol requires: "));
  server_.reset();
  ServerOptions options = Behind(ProxyProtocol::kRequired);
  options.tls = TestTlsServer();
  StartBehind(std::move(options));
  EXPECT_NE(Connect().StartTls(*TestTlsClient()), "");
  log_.WaitForPart("no TLS was started: this connection from 127.0.0.1 does not begin with");
}

TEST_F(ProxiesTest, AnInvalidHeaderIsNamed) {
  StartBehind(Behind(ProxyProtocol::kOptional));
  EXPECT_EQ(Ask("Host: localhost\r\n", "PROXY TCP4 192.0.2 192.0.2.1 1 2\r\n"),
            "400 the header of the PROXY protocol, version 1, is invalid: \"192.0.2\" is not an "
            "address of TCP4\n");
  EXPECT_THAT(Ask("Host: localhost\r\n", Binary("22")), HasSubstr("its command is 2"));
}

TEST_F(ProxiesTest, AHeaderThatIsNotCompleteInTimeEndsTheConnection) {
  StartBehind(Behind(ProxyProtocol::kOptional));
  TestClient silent = Connect(), half = ConnectWith("PROXY TCP4 ");
  while (server_->metrics().bytes_received < 11) std::this_thread::yield();
  Pass(9000);
  EXPECT_EQ(Failures(HandshakeFailure::kTimeout), 0u);
  clock_.AdvanceMs(2000);
  EXPECT_EQ(silent.ReadFrame(), "end");
  EXPECT_EQ(half.ReadFrame(), "end");
  EXPECT_EQ(Failures(HandshakeFailure::kTimeout), 2u);
}

TEST_F(ProxiesTest, AConnectionThatWaitsForItsHeaderEndsWithTheServer) {
  StartBehind(Behind(ProxyProtocol::kOptional));
  TestClient half = ConnectWith("PROXY TCP4 ");
  while (server_->metrics().bytes_received < 11) std::this_thread::yield();
  server_->Shutdown(absl::InfiniteDuration());
  EXPECT_EQ(half.ReadFrame(), "end");
}

// ---- max_connections_per_address ----

ServerOptions OneEach() { return {.threads = 2, .limits = {.max_connections_per_address = 1}}; }

TEST_F(ProxiesTest, ClientsCountAndProxiesDoNot) {
  StartBehind(Behind(ProxyProtocol::kOff, OneEach()));
  std::optional<TestClient> one = Connect();
  TestClient idle = Connect(), other_idle = Connect();
  EXPECT_EQ(one->Upgrade("/", For("192.0.2.7")), kOk);
  EXPECT_EQ(Connect().Upgrade("/", For("192.0.2.7")), kTooMany);
  // A trusted proxy has named it, so it must not be listed itself.
  EXPECT_EQ(Ask(absl::StrCat("Host: localhost\r\n", For("192.0.2.7"))),
            "429 your address has the maximum number of connections, "
            "ServerLimits::max_connections_per_address\n");
  log_.WaitForPart("192.0.2.7:0: HTTP 429, your address has the maximum number of connections");
  TestClient two = Connect();
  EXPECT_EQ(two.Upgrade("/", For("192.0.2.8")), kOk);
  // The proxy's health checks name no client.
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Connect().Upgrade(), kOk);
  one.reset();
  while (server_->connections() > 3) std::this_thread::yield();
  EXPECT_EQ(Connect().Upgrade("/", For("192.0.2.7")), kOk);
}

// Otherwise all clients of a proxy get 429, and nothing says why.
TEST_F(ProxiesTest, AProxyThatHasTooManyConnectionsIsToBeListed) {
  StartBehind(OneEach());
  TestClient in = ConnectAndUpgrade();
  EXPECT_EQ(Ask(absl::StrCat("Host: localhost\r\n", For("192.0.2.7"))),
            "429 your address has the maximum number of connections, "
            "ServerLimits::max_connections_per_address: if 127.0.0.1 is your proxy, list it in "
            "ServerOptions::proxies.trusted_networks\n");
  log_.WaitForPart("if 127.0.0.1 is your proxy, list it in ServerOptions::proxies");
}

TEST_F(ProxiesTest, ClientsOfTheProxyProtocolCountAndItsOwnConnectionsDoNot) {
  StartBehind(Behind(ProxyProtocol::kRequired, OneEach()));
  std::optional<TestClient> one = ConnectWith(kLine);
  EXPECT_EQ(one->Upgrade(), kOk);
  for (const std::string& header : {std::string(kLine), BinaryClient()}) {
    EXPECT_EQ(ConnectWith(header).Upgrade(), kTooMany);
  }
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ConnectWith(Local()).Upgrade(), kOk);
  one.reset();
  WaitForNobody();
  EXPECT_EQ(ConnectWith(BinaryClient()).Upgrade(), kOk);
}

// Whichever way they end.
TEST_F(ProxiesTest, R26_EveryEndOfAProxiedClientGivesItsAddressBack) {
  for (const ProxyProtocol protocol : {ProxyProtocol::kOff, ProxyProtocol::kRequired}) {
    StartBehind(Behind(protocol, OneEach()));
    const bool fields = protocol == ProxyProtocol::kOff;
    const std::string header = fields ? "" : kLine, field = fields ? For("192.0.2.7") : "";
    for (int i = 0; i < 3; ++i) {
      for (const char* path : {"/no", "/"}) {
        for (const bool reset : {false, true}) {
          TestClient client = ConnectWith(header);
          EXPECT_EQ(client.Upgrade(path, field),
                    *path == '/' && path[1] == 'n' ? "HTTP/1.1 404 Not Found" : kOk);
          reset ? client.Reset() : client.Close();
          WaitForNobody();
        }
      }
      if (fields) continue;
      TestClient silent = ConnectWith(header), half = ConnectWith("PROXY TC");
      LetTheLoopTurn();
      silent.Close();
      half.Close();
      WaitForNobody();
    }
    server_.reset();
  }
}

// An acceptor that answers later is asked once, and its client counted once.
TEST_F(ProxiesTest, AClientWhoseUpgradeIsAnsweredLaterCountsOnce) {
  for (int i = 0; i < 2; ++i) {
    std::optional<UpgradeAnswer> answer;
    testing::Journal asked;
    Start(Behind(ProxyProtocol::kOff, {.limits = {.max_connections_per_address = 1}}),
          [&](const SessionRequest& request, UpgradeResponse&) {
            answer.emplace(request.AnswerLater());
            asked.Write(request.peer_address.ToString());
            return std::unique_ptr<Handler>();
          });
    TestClient client = Connect();
    client.Send(TestClient::UpgradeRequest("/", For("192.0.2.7")));
    asked.WaitFor("192.0.2.7:0");
    EXPECT_EQ(Connect().Upgrade("/", For("192.0.2.7")), kTooMany);
    if (i == 0) {
      answer->Accept(std::make_unique<testing::ScriptedHandler>(script_, journal_));
      EXPECT_THAT(client.ReadHead(), StartsWith(kOk));
      EXPECT_EQ(Connect().Upgrade("/", For("192.0.2.7")), kTooMany);
    }
    client.Close();
    WaitForNobody();
    client = Connect();
    client.Send(TestClient::UpgradeRequest("/", For("192.0.2.7")));
    asked.WaitFor("192.0.2.7:0", 2);
    server_.reset();
  }
}

// Refused connections take no place among max_connections, so there must be a limit for them: of
// all loops together.
TEST_F(ProxiesTest, R25_OnlySomeConnectionsOfOneClientWaitForTheirRefusal) {
  StartBehind(Behind(ProxyProtocol::kRequired, OneEach()));
  TestClient in = ConnectWith(kLine);
  EXPECT_EQ(in.Upgrade(), kOk);
  std::vector<TestClient> refused;
  for (int i = 0; i < 256; ++i) refused.push_back(ConnectWith(kLine));
  const size_t sent = 257 * std::string(kLine).size() + TestClient::UpgradeRequest().size();
  while (server_->metrics().bytes_received < sent) std::this_thread::yield();
  EXPECT_THAT(ConnectWith(kLine).ReadFrame(), AnyOf("end", "reset"));
  EXPECT_EQ(refused.back().Upgrade(), kTooMany);
  TestClient other = ConnectWith("PROXY TCP4 192.0.2.8 192.0.2.1 1 2\r\n");
  EXPECT_EQ(other.Upgrade(), kOk);
}

// ---- Host and Origin ----

TEST_F(ProxiesTest, R20_TheOriginIsComparedWithTheHostThatATrustedProxyNames) {
  StartBehind(Behind());
  constexpr char kPage[] = "Host: 127.0.0.1:8080\r\nOrigin: https://example.com\r\n";
  EXPECT_EQ(Ask(absl::StrCat(kPage, "X-Forwarded-Host: example.com\r\n")), "101");
  EXPECT_THAT(
      Ask(absl::StrCat(kPage, "X-Forwarded-Host: other.example\r\n")),
      StartsWith("403 pages of the origin \"https://example.com\" may not connect to the host "
                 "\"other.example\""));
  // A page of the server's name as the proxy knows it is not one of the name that clients know.
  EXPECT_THAT(
      Ask("Host: 127.0.0.1\r\nOrigin: http://127.0.0.1\r\nX-Forwarded-Host: example.com\r\n"),
      StartsWith("403 "));
  EXPECT_THAT(Ask(kPage), StartsWith("403 "));
}

TEST_F(ProxiesTest, R20_WithoutTrustTheRefusalNamesTheOption) {
  StartBehind({});
  constexpr char kPage[] = "Host: 127.0.0.1:8080\r\nOrigin: https://example.com\r\n";
  constexpr char kSeen[] =
      "403 pages of the origin \"https://example.com\" may not connect to the host "
      "\"127.0.0.1:8080\": ";
  EXPECT_EQ(Ask(absl::StrCat(kPage, "X-Forwarded-Host: example.com\r\n")),
            absl::StrCat(kSeen,
                         "the header X-Forwarded-Host has the page's host, but 127.0.0.1 is "
                         "not believed: if it is your proxy, list it in "
                         "ServerOptions::proxies.trusted_networks\n"));
  EXPECT_EQ(Ask(absl::StrCat(kPage, "Forwarded: for=192.0.2.1;host=example.com\r\n")),
            absl::StrCat(kSeen,
                         "the header Forwarded has the page's host, but 127.0.0.1 is not "
                         "believed: if it is your proxy, list it in "
                         "ServerOptions::proxies.trusted_networks, and set proxies.header\n"));
  // nginx without a Host line.
  EXPECT_THAT(Ask(kPage), HasSubstr("nginx needs \"proxy_set_header Host $http_host\", and Apache "
                                    "\"ProxyPreserveHost On\""));
  // nginx on another port than 80, with $host.
  EXPECT_THAT(Ask("Host: localhost\r\nOrigin: http://localhost:8081\r\n"),
              EndsWith("the host has lost its port in a proxy: nginx needs \"proxy_set_header Host "
                       "$http_host\", not $host\n"));
}

// Such a client may be the attacker, whose field has the page's host.
TEST_F(ProxiesTest, R20_NoRefusalProposesToTrustAClientThatATrustedProxyNames) {
  constexpr char kForged[] =
      "Host: 127.0.0.1\r\nOrigin: https://a.example\r\nX-Forwarded-Host: a.example\r\n";
  StartBehind(Behind());
  EXPECT_THAT(Ask(absl::StrCat(kForged, "X-Forwarded-Host: example.com\r\n", For("192.0.2.7"))),
              AllOf(StartsWith("403 "), Not(HasSubstr("trusted_networks"))));
  server_.reset();
  StartBehind(Behind(ProxyProtocol::kRequired));
  for (const std::string& header : {std::string(kLine), Local()}) {
    EXPECT_THAT(Ask(kForged, header),
                AllOf(StartsWith("403 "), Not(HasSubstr("trusted_networks"))));
  }
}

TEST_F(ProxiesTest, R20_ARefusalNamesTheFieldThatIsReadAndTheOneThatIsNot) {
  StartBehind(Behind());
  EXPECT_THAT(Ask("Host: 127.0.0.1\r\nOrigin: https://example.com\r\n"
                  "Forwarded: for=192.0.2.7;host=example.com\r\n"),
              EndsWith(": the header Forwarded has the page's host, but is not read: if your proxy "
                       "sets it, set ServerOptions::proxies.header\n"));
  // nginx on another port than 80.
  EXPECT_THAT(Ask("Host: localhost:8081\r\nOrigin: http://localhost:8081\r\n"
                  "X-Forwarded-Host: localhost\r\n"),
              EndsWith(": the host has lost its port in a proxy: nginx needs \"proxy_set_header "
                       "X-Forwarded-Host $http_host\", not $host\n"));
  EXPECT_THAT(Ask("Host: localhost\r\nOrigin: http://a.example\r\n"
                  "X-Forwarded-Host: example.com\r\n"),
              EndsWith(": ServerOptions::http.allowed_origins lists other origins, and the host is "
                       "that of the header X-Forwarded-Host\n"));
  server_.reset();
  ServerOptions options = Behind();
  options.proxies.header = ForwardedBy::kForwarded;
  StartBehind(std::move(options));
  EXPECT_THAT(
      Ask("Host: 127.0.0.1\r\nOrigin: https://example.com\r\n"
          "X-Forwarded-Host: example.com\r\n"),
      EndsWith(": the header X-Forwarded-Host has the page's host, but is not read: if your "
               "proxy sets it, set ServerOptions::proxies.header\n"));
}

TEST_F(ProxiesTest, R20_AllowedHostsAreThoseThatATrustedProxyNames) {
  ServerOptions options = Behind();
  options.http.allowed_hosts = {"example.com"};
  StartBehind(std::move(options));
  EXPECT_EQ(Ask("Host: example.com\r\n"), "101");
  EXPECT_EQ(Ask("Host: 127.0.0.1:8080\r\nX-Forwarded-Host: example.com\r\n"), "101");
  EXPECT_THAT(Ask("Host: 127.0.0.1:8080\r\n"), StartsWith("421 "));
  EXPECT_THAT(Ask("Host: 127.0.0.1\r\nX-Forwarded-Host: other.example\r\n"),
              HasSubstr("421 this server does not answer for the host \"other.example\""));
}

// A page whose name was made to resolve to this machine can set a field, but not the Host. It
// reaches an endpoint on all addresses as well.
TEST_F(ProxiesTest, R20_TrustInThisMachineIsNoWayAroundTheCheckOfTheHost) {
  for (const char* address : {"127.0.0.1", "0.0.0.0"}) {
    for (const std::vector<std::string>& hosts :
         {std::vector<std::string>(), {"example.com"}, {"localhost"}}) {
      // Without a list, only loopback endpoints check the host.
      if (hosts.empty() && address[0] == '0') continue;
      ServerOptions options = Behind();
      options.address = address;
      options.http.allowed_hosts = hosts;
      StartBehind(std::move(options));
      for (const char* name : {"localhost", "example.com", "attacker.example"}) {
        EXPECT_THAT(Ask(absl::StrCat("Host: attacker.example\r\nX-Forwarded-Host: ", name, "\r\n")),
                    StartsWith("421 "));
      }
      server_.reset();
    }
  }
}

// No name service leads an address or a loopback name elsewhere.
TEST_F(ProxiesTest, R20_TheHostThatATrustedProxyWritesIsItsAddressOrListed) {
  for (const char* address : {"127.0.0.1", "0.0.0.0"}) {
    ServerOptions options = Behind();
    options.address = address;
    options.http.allowed_hosts = {"example.com"};
    StartBehind(std::move(options));
    for (const char* host :
         {"example.com", "localhost", "10.0.0.5", "10.0.0.5:8080", "[2001:db8::1]:8080"}) {
      const std::string fields = absl::StrCat("Host: ", host, "\r\nX-Forwarded-Host: ");
      EXPECT_EQ(Ask(absl::StrCat(fields, "example.com\r\n")), "101") << host;
      EXPECT_THAT(Ask(absl::StrCat(fields, "other.example\r\n")),
                  HasSubstr("421 this server does not answer for the host \"other.example\""))
          << host;
    }
    server_.reset();
  }
}

// ---- Upgrades that a proxy does not pass on ----

TEST_F(ProxiesTest, ALostUpgradeIsNamed) {
  for (const bool pages : {false, true}) {
    ServerOptions options;
    if (pages) options.http.pages = [](const PageRequest&) { return Page("text/plain", "page"); };
    StartBehind(std::move(options));
    const std::string request = TestClient::UpgradeRequest();
    TestClient old =
        ConnectWith(absl::StrReplaceAll(request, {{"HTTP/1.1", "HTTP/1.0"},
                                                  {"Upgrade: websocket\r\n", ""},
                                                  {"Connection: Upgrade", "Connection: close"}}));
    const std::string answer = old.ReadToEnd();
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 426 "));
    EXPECT_THAT(answer, HasSubstr("\r\nUpgrade: websocket\r\n"));
    EXPECT_THAT(answer,
                HasSubstr("this request for a WebSocket has lost its upgrade in a proxy: it "
                          "has HTTP/1.0. nginx needs \"proxy_http_version 1.1\", "));
    TestClient without =
        ConnectWith(absl::StrReplaceAll(request, {{"Upgrade: websocket\r\n", ""}}));
    EXPECT_THAT(without.ReadToEnd(), HasSubstr("it has no \"Upgrade: websocket\". nginx needs "));
    TestClient closes =
        ConnectWith(absl::StrReplaceAll(request, {{"Connection: Upgrade", "Connection: close"}}));
    EXPECT_THAT(closes.ReadToEnd(), AllOf(StartsWith("HTTP/1.1 426 "),
                                          HasSubstr("it has no \"Connection: Upgrade\". nginx ")));
    TestClient page = ConnectWith("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_THAT(page.ReadHead(), StartsWith(pages ? "HTTP/1.1 200 " : "HTTP/1.1 426 "));
    EXPECT_EQ(Failures(HandshakeFailure::kProxy), 3u);
    server_.reset();
  }
}

}  // namespace
}  // namespace weft
