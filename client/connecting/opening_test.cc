// The way to a server, driven by hand: no test here has a socket.

#include "weft/client/connecting/opening.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/client/connecting/client_options.h"
#include "weft/core/handshake/accept_key.h"
#include "weft/core/http/http.h"
#include "weft/core/http/http_refusal.h"
#include "weft/core/testing/hex.h"
#include "weft/transport/address.h"
#include "weft/transport/stream.h"

namespace weft {
namespace {

using ::testing::HasSubstr;
using testing::Hex;
using ::testing::StartsWith;
using Wants = Opening::Wants;

constexpr char kConnected[] = "HTTP/1.1 200 OK\r\n\r\n";

ClientOptions Direct() { return {.proxy = "direct"}; }
ClientOptions Through(std::string proxy) { return {.proxy = std::move(proxy)}; }

std::string AcceptText(absl::string_view request) {
  const absl::StatusOr<HttpRequest> parsed = ParseHttpRequest(request);
  if (!parsed.ok()) return "";
  return absl::StrCat(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n",
      "Sec-WebSocket-Accept: ", AcceptKey(*parsed->headers.Find("Sec-WebSocket-Key")), "\r\n\r\n");
}

std::vector<SocketAddress> Addresses(uint16_t port) {
  return {*SocketAddress::FromIp("192.0.2.1", port)};
}

// ---- A driver that has everything succeed, a few bytes at a time ----

// Performs the steps up to a read or a TLS handshake, or the end.
void UpToTheNetwork(Opening& opening) {
  ASSERT_EQ(opening.wants(), Wants::kAddresses);
  opening.Resolved(Addresses(opening.port()));
  ASSERT_EQ(opening.wants(), Wants::kConnection);
  opening.Connected();
}

// Takes all output.
std::string TakeOutput(Opening& opening, size_t piece = 1000) {
  std::string all;
  while (opening.wants() == Wants::kWrite) {
    const absl::string_view some = opening.output().substr(0, piece);
    all.append(some.data(), some.size());
    opening.Wrote(some.size());
  }
  return all;
}

// Gives it these bytes as long as it reads. Returns the rest.
std::string Give(Opening& opening, std::string bytes, size_t piece = 1000) {
  while (!bytes.empty() && opening.wants() == Wants::kRead) {
    const std::string some = bytes.substr(0, std::min(piece, opening.max_read_bytes()));
    bytes.erase(0, some.size());
    opening.Read(some);
  }
  return bytes;
}

TEST(OpeningTest, ResolvesConnectsAndUpgrades) {
  for (const size_t piece : {size_t{1}, size_t{7}, size_t{4096}}) {
    const ClientOptions options = Direct();
    Opening opening("ws://server.example:8080/chat", options);
    ASSERT_EQ(opening.wants(), Wants::kAddresses);
    EXPECT_EQ(opening.host(), "server.example");
    EXPECT_EQ(opening.port(), 8080);
    opening.Resolved(Addresses(8080));
    ASSERT_EQ(opening.wants(), Wants::kConnection);
    EXPECT_EQ(opening.name(), "\"server.example\": ");
    EXPECT_EQ(std::vector<SocketAddress>(opening.addresses().begin(), opening.addresses().end()),
              Addresses(8080));
    opening.Connected();
    const std::string request = TakeOutput(opening, piece);
    EXPECT_THAT(request, StartsWith("GET /chat HTTP/1.1\r\nHost: server.example:8080\r\n"));
    ASSERT_EQ(opening.wants(), Wants::kRead);
    EXPECT_EQ(opening.read_timeout(), absl::InfiniteDuration());
    EXPECT_EQ(Give(opening, AcceptText(request), piece), "");
    ASSERT_EQ(opening.wants(), Wants::kOpen) << opening.status();
    EXPECT_EQ(opening.TakeResult().early, "");
  }
}

TEST(OpeningTest, BytesAfterTheResponseAreTheConnections) {
  const ClientOptions options = Direct();
  Opening opening("ws://server.example/", options);
  UpToTheNetwork(opening);
  Give(opening, AcceptText(TakeOutput(opening)) + "frames", 4096);
  ASSERT_EQ(opening.wants(), Wants::kOpen);
  EXPECT_EQ(opening.TakeResult().early, "frames");
}

TEST(OpeningTest, TlsIsForTheHostOfTheUrl) {
  ClientOptions options = Direct();
  options.connect_to = "192.0.2.7:9";
  Opening opening("wss://server.example/", options);
  EXPECT_EQ(opening.host(), "192.0.2.7");
  EXPECT_EQ(opening.port(), 9);
  UpToTheNetwork(opening);
  ASSERT_EQ(opening.wants(), Wants::kTls);
  EXPECT_EQ(opening.tls().host, "server.example");
  EXPECT_EQ(opening.tls().identity, Stream::Identity::kShown);
  opening.TlsStarted();
  EXPECT_THAT(TakeOutput(opening), HasSubstr("\r\nHost: server.example\r\n"));
}

TEST(OpeningTest, AUnixSocketIsNotResolved) {
  const ClientOptions options;
  Opening opening("ws+unix:///run/s:/chat", options);
  ASSERT_EQ(opening.wants(), Wants::kConnection);
  EXPECT_EQ(opening.name(), "");
  EXPECT_EQ(opening.addresses()[0].path(), "/run/s");
}

// Each layer is there before the next one says a word.
TEST(OpeningTest, LayersOfAProxyWithTls) {
  for (const bool socks : {false, true}) {
    const ClientOptions options =
        Through(socks ? "socks5s://proxy.example:1" : "https://proxy.example:1");
    Opening opening("wss://server.example/", options);
    EXPECT_EQ(opening.host(), "proxy.example");
    EXPECT_EQ(opening.port(), 1);
    UpToTheNetwork(opening);
    ASSERT_EQ(opening.wants(), Wants::kTls);
    EXPECT_EQ(opening.tls().host, "proxy.example");
    EXPECT_EQ(opening.tls().identity, Stream::Identity::kHidden);
    opening.TlsStarted();
    if (socks) {
      EXPECT_EQ(TakeOutput(opening), Hex("050100"));
      Give(opening, Hex("0500"));
      EXPECT_THAT(TakeOutput(opening), HasSubstr("server.example"));
      EXPECT_EQ(Give(opening, Hex("05000001000000000000") + "more", 3), "more");
    } else {
      EXPECT_THAT(TakeOutput(opening), StartsWith("CONNECT server.example:443 "));
      Give(opening, kConnected, 1);
    }
    ASSERT_EQ(opening.wants(), Wants::kTls);
    EXPECT_EQ(opening.tls().host, "server.example");
    EXPECT_EQ(opening.tls().identity, Stream::Identity::kShown);
    opening.TlsStarted();
    const std::string request = TakeOutput(opening);
    Give(opening, AcceptText(request));
    EXPECT_EQ(opening.wants(), Wants::kOpen) << opening.status();
  }
}

TEST(OpeningTest, ARedirectStartsAgain) {
  ClientOptions options = Direct();
  options.http.max_redirects = 1;
  options.request.bearer_token = "secret";
  Opening opening("ws://one.example/", options);
  UpToTheNetwork(opening);
  EXPECT_THAT(TakeOutput(opening), HasSubstr("secret"));
  Give(opening, "HTTP/1.1 302 x\r\nLocation: wss://two.example/\r\nContent-Length: 0\r\n\r\n");
  ASSERT_EQ(opening.wants(), Wants::kAddresses);
  EXPECT_EQ(opening.host(), "two.example");
  UpToTheNetwork(opening);
  ASSERT_EQ(opening.wants(), Wants::kTls);
  EXPECT_EQ(opening.tls().identity, Stream::Identity::kHidden);
  opening.TlsStarted();
  EXPECT_THAT(TakeOutput(opening), ::testing::Not(HasSubstr("secret")));
  opening.Failed(absl::CancelledError("cancelled"));
  EXPECT_EQ(opening.status(),
            absl::CancelledError("ws://one.example/: redirected to \"wss://two.example/\": no "
                                 "complete answer to the request: cancelled"));
}

// The rest of a refusal is waited for only so long, and the error does not need it.
TEST(OpeningTest, TheBodyOfARefusalMayBeMissing) {
  const ClientOptions options = Direct();
  Opening opening("ws://server.example/", options);
  UpToTheNetwork(opening);
  TakeOutput(opening);
  Give(opening, "HTTP/1.1 403 x\r\nContent-Length: 100\r\n\r\nbegin");
  ASSERT_EQ(opening.wants(), Wants::kRead);
  EXPECT_EQ(opening.read_timeout(), absl::Seconds(1));
  opening.Failed(absl::DeadlineExceededError("deadline exceeded"));
  ASSERT_EQ(opening.wants(), Wants::kFailed);
  EXPECT_TRUE(absl::IsPermissionDenied(opening.status())) << opening.status();
  ASSERT_TRUE(RefusalOf(opening.status()).has_value());
  EXPECT_EQ(RefusalOf(opening.status())->body, "begin");
}

TEST(OpeningTest, WhatCannotBeSentFailsAtOnce) {
  const ClientOptions options = Direct();
  Opening opening("http//x", options);
  EXPECT_EQ(opening.wants(), Wants::kFailed);
  EXPECT_TRUE(absl::IsInvalidArgument(opening.status())) << opening.status();
}

// ---- What ends each step ----

struct Step {
  std::string name;
  std::string url;
  std::string proxy;
  // After it has done this many things that it wanted.
  int actions;
  std::string says;  // after the URL
};

// Does the next thing that the opening wants, of a peer that accepts all.
void Act(Opening& opening, std::string* sent) {
  switch (opening.wants()) {
    case Wants::kAddresses:
      return opening.Resolved(Addresses(opening.port()));
    case Wants::kConnection:
      return opening.Connected();
    case Wants::kTls:
      return opening.TlsStarted();
    case Wants::kWrite:
      *sent = std::string(opening.output());
      return opening.Wrote(sent->size());
    case Wants::kRead: {
      const std::string answer = *sent == Hex("050100") ? Hex("0500")
                                 : absl::StartsWith(*sent, Hex("0501"))
                                     ? Hex("05000001000000000000")
                                 : absl::StartsWith(*sent, "CONNECT ") ? kConnected
                                                                       : AcceptText(*sent);
      Give(opening, answer);
      return;
    }
    case Wants::kOpen:
    case Wants::kFailed:
      FAIL() << "nothing is left to do";
  }
}

std::vector<Step> Steps() {
  const std::string ws = "ws://server.example/", wss = "wss://server.example/";
  const std::string proxy_says = " does not connect to server.example:443: ";
  return {
      {"Resolve", ws, "direct", 0, "why"},
      {"Connect", ws, "direct", 1, "why"},
      {"Request", ws, "direct", 2, "cannot send the request: why"},
      {"Response", ws, "direct", 3, "no complete answer to the request: why"},
      {"Tls", wss, "direct", 2, "no TLS with \"server.example\": why"},
      {"ResolveProxy", wss, "https://p:1", 0, "cannot reach the proxy https://p:1: why"},
      {"ConnectProxy", wss, "https://p:1", 1, "cannot reach the proxy https://p:1: why"},
      {"TlsWithProxy", wss, "https://p:1", 2,
       "cannot reach the proxy https://p:1: no TLS with \"p\": why"},
      {"ConnectRequest", wss, "https://p:1", 3,
       absl::StrCat("the proxy https://p:1", proxy_says, "cannot send the request: why")},
      {"ConnectResponse", wss, "https://p:1", 4,
       absl::StrCat("the proxy https://p:1", proxy_says, "no complete answer to the request: why")},
      {"InnerTls", wss, "https://p:1", 5, "no TLS with \"server.example\": why"},
      {"InnerRequest", wss, "https://p:1", 6, "cannot send the request: why"},
      {"InnerResponse", wss, "https://p:1", 7, "no complete answer to the request: why"},
      {"SocksGreeting", wss, "socks5://p:1", 2,
       absl::StrCat("the proxy socks5://p:1", proxy_says, "why")},
      {"SocksMethod", wss, "socks5://p:1", 3,
       absl::StrCat("the proxy socks5://p:1", proxy_says, "why")},
      {"SocksRequest", wss, "socks5://p:1", 4,
       absl::StrCat("the proxy socks5://p:1", proxy_says, "why")},
      {"SocksReply", wss, "socks5://p:1", 5,
       absl::StrCat("the proxy socks5://p:1", proxy_says, "why")},
      {"TlsThroughSocks", wss, "socks5://p:1", 6, "no TLS with \"server.example\": why"},
  };
}

class OpeningSteps : public ::testing::TestWithParam<Step> {};

TEST_P(OpeningSteps, EndsWithItsNameAndTheCode) {
  const Step& step = GetParam();
  for (const absl::StatusCode code :
       {absl::StatusCode::kCancelled, absl::StatusCode::kDeadlineExceeded,
        absl::StatusCode::kUnavailable}) {
    const ClientOptions options = Through(step.proxy);
    Opening opening(step.url, options);
    std::string sent;
    for (int i = 0; i < step.actions; ++i) Act(opening, &sent);
    opening.Failed(absl::Status(code, "why"));
    EXPECT_EQ(opening.wants(), Wants::kFailed);
    EXPECT_EQ(opening.status(), absl::Status(code, absl::StrCat(step.url, ": ", step.says)));
  }
}

INSTANTIATE_TEST_SUITE_P(Every, OpeningSteps, ::testing::ValuesIn(Steps()),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace weft
