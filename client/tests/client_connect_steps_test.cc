// Each step of connecting may take forever, for the blocking client and on an event loop: it ends
// at the deadline, with an error that names the step, and when another thread cancels it. The step
// that resolves a name is tested in transport/resolve_test.cc.

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "weft/client/async/loop_connector.h"
#include "weft/client/client.h"
#include "weft/client/connecting/client_options.h"
#include "weft/client/connecting/connector.h"
#include "weft/client/testing/client_tests.h"
#include "weft/loop/address_lookup.h"
#include "weft/loop/clock.h"
#include "weft/loop/event_loop.h"
#include "weft/loop/poller.h"
#include "weft/testing/fake_server.h"
#include "weft/transport/notification.h"
#include "weft/transport/testing/silent_port.h"
#include "weft/transport/testing/tls_pair.h"

namespace weft {
namespace {

using testing::BlockedCall;
using testing::FakePeer;
using testing::FakeServer;
using testing::Quiet;
using testing::SilentPort;
using testing::TestTls;
using testing::TestTlsServer;
using testing::TypicalTime;

// In all texts $ is the server's port.
struct Step {
  std::string name;
  std::string url = "ws://127.0.0.1:$/";
  std::string proxy = "direct";
  // The server's actions before it stops responding; none: it does not even accept.
  std::vector<FakeServer::Script> scripts{};
  // The text after the URL in the error, when the time is over.
  std::string says;
};

void Silence(FakePeer& peer) { peer.ReadToEnd(); }

// Writes this first.
auto Greet(std::string text) {
  return [=](FakePeer& peer) {
    peer.Write(text);
    peer.ReadToEnd();
  };
}

// Reads a request, and writes this.
auto Reply(std::string text) {
  return [=](FakePeer& peer) {
    peer.ReadRequest();
    peer.Write(absl::StrReplaceAll(text, {{"$", "1"}}));
    peer.ReadToEnd();
  };
}

std::vector<Step> Steps() {
  const std::string http = "http://127.0.0.1:$", socks5 = "socks5://127.0.0.1:$";
  const std::string wss = "wss://127.0.0.1:$/", behind = "ws://server.example/";
  const std::string does_not_connect = " does not connect to server.example:80: ";
  return {
      {.name = "Network",
       .says = "cannot connect to \"127.0.0.1\": 127.0.0.1:$ (deadline exceeded)"},
      {.name = "NetworkToAProxy",
       .url = behind,
       .proxy = http,
       .says = absl::StrCat("cannot reach the proxy ", http, ": cannot connect to ")},
      {.name = "HttpProxy",
       .url = behind,
       .proxy = http,
       .scripts = {Silence},
       .says = absl::StrCat("the proxy ", http, does_not_connect,
                            "no complete answer to the request: deadline exceeded")},
      {.name = "Socks5Method",
       .url = behind,
       .proxy = socks5,
       .scripts = {Silence},
       .says = absl::StrCat("the proxy ", socks5, does_not_connect, "deadline exceeded")},
      {.name = "Socks5Reply",
       .url = behind,
       .proxy = socks5,
       .scripts = {Greet(std::string("\x05\x00\x05\x00", 4))},
       .says = absl::StrCat("the proxy ", socks5, does_not_connect, "deadline exceeded")},
      {.name = "TlsWithAProxy",
       .url = behind,
       .proxy = "https://127.0.0.1:$",
       .scripts = {Silence},
       .says = "cannot reach the proxy https://127.0.0.1:$: no TLS with \"127.0.0.1\": deadline "
               "exceeded"},
      {.name = "TlsInsideOfTls",
       .url = "wss://server.example/",
       .proxy = "https://127.0.0.1:$",
       .scripts = {[](FakePeer& peer) {
         peer.StartTls(*TestTlsServer());
         Reply("HTTP/1.1 200 OK\r\n\r\n")(peer);
       }},
       .says = "no TLS with \"server.example\": deadline exceeded"},
      {.name = "Tls",
       .url = wss,
       .scripts = {Silence},
       .says = "no TLS with \"127.0.0.1\": deadline exceeded"},
      {.name = "TlsThroughAProxy",
       .url = "wss://server.example/",
       .proxy = http,
       .scripts = {Reply("HTTP/1.1 200 OK\r\n\r\n")},
       .says = "no TLS with \"server.example\": deadline exceeded"},
      {.name = "Answer",
       .scripts = {Silence},
       .says = "no complete answer to the request: deadline exceeded"},
      {.name = "RestOfTheAnswer",
       .scripts = {Reply("HTTP/1.1 101 Switching Protocols\r\nUpgrade: ")},
       .says = "no complete answer to the request: deadline exceeded"},
      {.name = "AnswerBehindARedirect",
       .scripts = {Reply("HTTP/1.1 302 x\r\nLocation: /new\r\nContent-Length: 0\r\n\r\n"), Silence},
       .says = "redirected to \"ws://127.0.0.1:$/new\": no complete answer to the request: "
               "deadline exceeded"},
  };
}

// The clients that take these steps.
enum class Way { kBlocking, kOnALoop };

// Stops a connector of its loop when another thread notifies it.
class Canceller : public EventSource {
 public:
  Canceller(LoopConnector& connector, EventLoop& loop, int fd)
      : connector_(connector), loop_(loop), fd_(fd) {
    EXPECT_TRUE(loop.Watch(fd, Poller::kRead, this));
  }
  ~Canceller() override { loop_.Unwatch(fd_); }

  void OnReadable() override { connector_.Stop(absl::CancelledError("cancelled")); }
  void OnWritable() override {}

 private:
  void OnTimer() override {}

  LoopConnector& connector_;
  EventLoop& loop_;
  const int fd_;
};

absl::Status ConnectOnALoop(const std::string& url, const ClientOptions& options) {
  absl::Status status;
  EventLoop loop(Clock::Steady());
  AddressLookup lookup;
  LoopConnector connector(loop, lookup, url, options,
                          [&](const absl::StatusOr<Connector::Result>& result) {
                            status = result.status();
                            loop.Stop();
                          });
  std::optional<Canceller> canceller;
  if (options.cancel != nullptr) canceller.emplace(connector, loop, options.cancel->fd());
  connector.Start();
  loop.Run();
  return status;
}

// A server that lets a client get as far as the step, once.
class Trial {
 public:
  explicit Trial(const Step& step) : step_(step) {
    if (step.scripts.empty()) {
      silent_ = std::make_unique<SilentPort>();
    } else {
      server_ = std::make_unique<FakeServer>(step.scripts);
    }
    options_ = Quiet();
    options_.proxy = WithPort(step.proxy);
    options_.tls = TestTls();
    options_.http.max_redirects = 1;
  }

  absl::Status Connect(Way way, absl::Duration timeout,
                       std::shared_ptr<const Notification> cancel) {
    options_.timeouts.connect = timeout;
    options_.cancel = std::move(cancel);
    const std::string url = WithPort(step_.url);
    return way == Way::kOnALoop ? ConnectOnALoop(url, options_)
                                : Client::Connect(url, options_).status();
  }

  // The beginning of the step's error.
  std::string Says() const { return WithPort(absl::StrCat(step_.url, ": ", step_.says)); }

 private:
  std::string WithPort(absl::string_view text) const {
    const int port = server_ != nullptr ? server_->port() : silent_->address().port();
    return absl::StrReplaceAll(text, {{"$", absl::StrCat(port)}});
  }

  const Step& step_;
  std::unique_ptr<FakeServer> server_;
  std::unique_ptr<SilentPort> silent_;
  ClientOptions options_;
};

class ClientConnectSteps : public ::testing::TestWithParam<std::tuple<Step, Way>> {
 protected:
  const Step& step() const { return std::get<Step>(GetParam()); }
  Way way() const { return std::get<Way>(GetParam()); }
};

// On a slow machine the earlier steps may need more than the shortest time.
TEST_P(ClientConnectSteps, EndsAtTheDeadlineAndSaysWhichItWas) {
  std::string message, expected = "none";
  for (const int ms : {20, 200, 2000, 20000}) {
    if (absl::StartsWith(message, expected)) break;
    Trial trial(step());
    const absl::Status status = trial.Connect(way(), absl::Milliseconds(ms), nullptr);
    EXPECT_CODE(status, kDeadlineExceeded);
    message = std::string(status.message());
    expected = trial.Says();
  }
  EXPECT_TRUE(absl::StartsWith(message, expected)) << message << ", expected " << expected;
}

// From Notify() until Connect() has returned.
absl::Duration TimeToCancel(const Step& step, Way way) {
  Trial trial(step);
  const auto cancel = std::make_shared<const Notification>(*Notification::Create());
  BlockedCall call(
      [&] { EXPECT_CODE(trial.Connect(way, absl::InfiniteDuration(), cancel), kCancelled); });
  const auto begin = std::chrono::steady_clock::now();
  cancel->Notify();
  call.Join();
  return absl::FromChrono(std::chrono::steady_clock::now() - begin);
}

TEST_P(ClientConnectSteps, IsCancelledWithin50Milliseconds) {
  constexpr absl::Duration kLimit = absl::Milliseconds(50);
  EXPECT_LT(TypicalTime(kLimit, [this] { return TimeToCancel(step(), way()); }), kLimit);
}

INSTANTIATE_TEST_SUITE_P(Every, ClientConnectSteps,
                         ::testing::Combine(::testing::ValuesIn(Steps()),
                                            ::testing::Values(Way::kBlocking, Way::kOnALoop)),
                         [](const auto& info) {
                           return absl::StrCat(
                               std::get<Step>(info.param).name,
                               std::get<Way>(info.param) == Way::kOnALoop ? "OnALoop" : "");
                         });

}  // namespace
}  // namespace weft
