// Connecting on an event loop. The steps, their deadlines and their errors are tested in
// client/tests/client_connect_steps_test.cc, together with those of the blocking client.

#include "weft/client/async/loop_connector.h"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "weft/client/connecting/client_options.h"
#include "weft/client/connecting/connector.h"
#include "weft/loop/address_lookup.h"
#include "weft/loop/event_loop.h"
#include "weft/testing/fake_server.h"
#include "weft/testing/manual_clock.h"
#include "weft/transport/address.h"
#include "weft/transport/deadline.h"
#include "weft/transport/io.h"
#include "weft/transport/notification.h"
#include "weft/transport/resolve.h"
#include "weft/transport/testing/silent_port.h"
#include "weft/transport/testing/tls_pair.h"
#include "weft/transport/wait.h"

namespace weft {
namespace {

using testing::FakePeer;
using testing::FakeServer;
using testing::ManualClock;
using testing::SilentPort;
using testing::TestTlsClient;
using testing::TestTlsServer;

using Result = absl::StatusOr<Connector::Result>;

// A loop whose time is the test's, on the test's thread.
class LoopConnectorTest : public ::testing::Test {
 protected:
  // The result of an attempt. `meanwhile` runs on the loop once the attempt waits for something.
  Result Connect(const std::string& url, std::function<void(LoopConnector&)> meanwhile = {}) {
    std::optional<Result> result;
    EventLoop loop(clock_);
    AddressLookup lookup(1, lookup_);
    LoopConnector connector(loop, lookup, url, options_, [&](Result outcome) {
      EXPECT_FALSE(result.has_value());
      result = std::move(outcome);
      loop.Stop();
    });
    connector.Start();
    if (meanwhile) loop.mailbox()->Post([&] { meanwhile(connector); });
    loop.Run();
    return *std::move(result);
  }

  ManualClock clock_;
  ClientOptions options_ = {.tls = TestTlsClient(), .proxy = "direct"};
  internal::Lookup lookup_ = LookUp;
};

TEST_F(LoopConnectorTest, Opens) {
  FakeServer server([](FakePeer& peer) {
    peer.AcceptUpgrade();
    peer.ReadToEnd();
  });
  Result result = Connect(server.url());
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_TRUE(result->stream.is_open());
  EXPECT_EQ(PeerAddress(result->stream.fd()).port(), server.port());
}

TEST_F(LoopConnectorTest, OpensOverTlsInsideOfTls) {
  FakeServer server([](FakePeer& peer) {
    peer.StartTls(*TestTlsServer());
    peer.ReadRequest();
    peer.Write("HTTP/1.1 200 OK\r\n\r\n");
    peer.StartTls(*TestTlsServer());
    peer.AcceptUpgrade();
    peer.ReadToEnd();
  });
  options_.proxy = absl::StrCat("https://localhost:", server.port());
  Result result = Connect("wss://localhost/");
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_TRUE(result->stream.is_tls());
}

TEST_F(LoopConnectorTest, ANameIsLookedUpElsewhere) {
  FakeServer server([](FakePeer& peer) {
    peer.AcceptUpgrade();
    peer.ReadToEnd();
  });
  std::string host;
  lookup_ = [&](const std::string& name, uint16_t port) -> AddressLookup::Addresses {
    host = name;
    return std::vector<SocketAddress>{*SocketAddress::FromIp("127.0.0.1", port)};
  };
  EXPECT_TRUE(Connect(absl::StrCat("ws://name.example:", server.port(), "/")).ok());
  EXPECT_EQ(host, "name.example");

  lookup_ = [](const std::string&, uint16_t) { return absl::NotFoundError("no such name"); };
  EXPECT_EQ(Connect("ws://name.example/").status(),
            absl::NotFoundError("ws://name.example/: no such name"));
}

TEST_F(LoopConnectorTest, WhatCannotBeAskedForFailsAtOnce) {
  EXPECT_TRUE(absl::IsInvalidArgument(Connect("http//x").status()));
}

TEST_F(LoopConnectorTest, TheDeadlineIsOfTheLoopsClock) {
  const SilentPort silent;
  options_.timeouts.connect = absl::Hours(1);
  const std::string url = absl::StrCat("ws://", silent.address().ToString(), "/");
  EXPECT_EQ(Connect(url, [&](LoopConnector&) { clock_.AdvanceMs(3600 * 1000 + 100); }).status(),
            absl::DeadlineExceededError(absl::StrCat(
                url, ": cannot connect to \"127.0.0.1\": ", silent.address().ToString(),
                " (deadline exceeded)")));
}

// RFC 8305, on the same clock.
TEST_F(LoopConnectorTest, TriesTheNextAddressAfterAQuarterOfASecond) {
  const SilentPort silent;
  FakeServer server([](FakePeer& peer) {
    peer.AcceptUpgrade();
    peer.ReadToEnd();
  });
  const int64_t start = clock_.NowMs();
  std::atomic<bool> answered{false};
  lookup_ = [&](const std::string&, uint16_t) -> AddressLookup::Addresses {
    answered = true;
    return std::vector<SocketAddress>{silent.address(),
                                      *SocketAddress::FromIp("127.0.0.1", server.port())};
  };
  EventLoop loop(clock_);
  AddressLookup lookup(1, lookup_);
  std::optional<Result> result;
  LoopConnector connector(loop, lookup, "ws://name.example/", options_, [&](Result outcome) {
    result = std::move(outcome);
    loop.Stop();
  });
  connector.Start();
  loop.set_end_of_turn([&] {
    if (answered) clock_.AdvanceMs(10);
  });
  loop.Run();
  ASSERT_TRUE(result->ok()) << result->status();
  EXPECT_EQ(PeerAddress((*result)->stream.fd()).port(), server.port());
  EXPECT_GE(clock_.NowMs() - start, 250);
}

TEST_F(LoopConnectorTest, IsStoppedWhileANameIsLookedUp) {
  const auto forever = std::make_shared<const Notification>(*Notification::Create());
  lookup_ = [forever](const std::string&, uint16_t) -> AddressLookup::Addresses {
    Wait(forever->fd(), Interest::kRead, Deadline::Never()).IgnoreError();
    return absl::InternalError("late");
  };
  EXPECT_EQ(Connect("ws://name.example/",
                    [](LoopConnector& connector) {
                      connector.Stop(absl::CancelledError("cancelled"));
                      connector.Stop(absl::CancelledError("twice"));
                    })
                .status(),
            absl::CancelledError("ws://name.example/: cannot resolve \"name.example\": cancelled"));
  forever->Notify();
}

TEST_F(LoopConnectorTest, IsDestroyedWithoutACall) {
  const SilentPort silent;
  EventLoop loop(clock_);
  AddressLookup lookup;
  auto connector = std::make_unique<LoopConnector>(
      loop, lookup, absl::StrCat("ws://", silent.address().ToString(), "/"), options_,
      [](Result) { FAIL() << "was called"; });
  connector->Start();
  connector.reset();
  loop.mailbox()->Post([&] { loop.Stop(); });
  loop.Run();
}

TEST_F(LoopConnectorTest, ManyAtOnceOnOneThread) {
  constexpr int kCount = 100;
  std::vector<std::unique_ptr<FakeServer>> servers;
  EventLoop loop(clock_);
  AddressLookup lookup;
  std::vector<std::unique_ptr<LoopConnector>> connectors;
  int open = 0;
  for (int i = 0; i < kCount; ++i) {
    servers.push_back(std::make_unique<FakeServer>([i](FakePeer& peer) {
      if (i % 2 == 1) peer.StartTls(*TestTlsServer());
      peer.AcceptUpgrade();
      peer.ReadToEnd();
    }));
    connectors.push_back(std::make_unique<LoopConnector>(
        loop, lookup,
        absl::StrCat(i % 2 == 1 ? "wss" : "ws", "://127.0.0.1:", servers[i]->port(), "/"), options_,
        [&](Result result) {
          EXPECT_TRUE(result.ok()) << result.status();
          if (++open == kCount) loop.Stop();
        }));
    connectors.back()->Start();
  }
  loop.Run();
  EXPECT_EQ(open, kCount);
}

}  // namespace
}  // namespace weft
