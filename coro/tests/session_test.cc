// The awaitables of a session.

#include <algorithm>
#include <atomic>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/core/testing/frames.h"
#include "weft/coro.h"
#include "weft/coro/testing/coro_fixture.h"
#include "weft/server/router.h"
#include "weft/server/server.h"
#include "weft/testing/server_fixture.h"
#include "weft/testing/test_client.h"

// As in the documentation, outside of the library's namespace.
weft::Task<> Echo(weft::coro::Session s) {
  while (auto m = co_await s.Receive())
    if (!(co_await s.Send(*m)).ok()) co_return;
}

namespace weft {
namespace {

using testing::ClientFrame;
using ::testing::Contains;
using ::testing::HasSubstr;
using testing::TestClient;

class SessionTest : public testing::CoroTest {};

INSTANTIATE_TEST_SUITE_P(HandlerThreads, SessionTest, ::testing::Values(0, 2));

TEST_P(SessionTest, Echoes) {
  StartServer(Echo);
  TestClient client = ConnectAndUpgrade();
  client.SendText("one");
  EXPECT_EQ(client.ReadFrame(), "fin text one");
  client.Send(ClientFrame(Opcode::kBinary, "two") + ClientFrame(Opcode::kText, "") +
              ClientFrame(Opcode::kText, "three"));
  EXPECT_EQ(client.ReadFrame(), "fin binary two");
  EXPECT_EQ(client.ReadFrame(), "fin text ");
  EXPECT_EQ(client.ReadFrame(), "fin text three");
  client.SendClose(1000);
  EXPECT_EQ(client.ReadFrame(), "fin close 1000");
  journal_.WaitFor("left");
}

TEST_P(SessionTest, TheRouterAndTheServerTakeTheAcceptor) {
  Router router;
  router.WebSocket("/echo", coro::Handler(Echo));
  Start({}, router);
  TestClient client = Connect();
  client.Upgrade("/echo");
  client.SendText("routed");
  EXPECT_EQ(client.ReadFrame(), "fin text routed");
  const absl::StatusOr<std::unique_ptr<Server>> server = Server::Start({}, coro::Handler(Echo));
  ASSERT_TRUE(server.ok());
  TestClient other((*server)->address());
  other.Upgrade();
  other.SendText("started");
  EXPECT_EQ(other.ReadFrame(), "fin text started");
}

TEST_P(SessionTest, AnAcceptorOfTheApplicationCallsIt) {
  Start({},
        [echo = coro::Handler(Echo)](const SessionRequest& request, UpgradeResponse& response)
            -> absl::StatusOr<std::unique_ptr<Handler>> {
          if (request.path() != "/echo") return absl::NotFoundError("no");
          return echo(request, response);
        });
  EXPECT_EQ(Connect().Upgrade("/other"), "HTTP/1.1 404 Not Found");
  EXPECT_EQ(Connect().Upgrade("/echo"), "HTTP/1.1 101 Switching Protocols");
}

TEST_P(SessionTest, TheEndSaysHow) {
  StartServer([this](coro::Session s) -> Task<> {
    EXPECT_TRUE(s.status().ok());
    EXPECT_FALSE(s.close_info().has_value());
    EXPECT_FALSE((co_await s.Receive()).has_value());
    const std::optional<CloseInfo> info = s.close_info();
    EXPECT_TRUE(info.has_value());
    journal_.Write(absl::StrCat(static_cast<int>(info->code), " ", info->reason, " by ",
                                NameOf(info->by), " ", s.status().message()));
    EXPECT_TRUE(absl::IsFailedPrecondition(co_await s.SendText("late")));
    EXPECT_TRUE(absl::IsFailedPrecondition((co_await s.Ping()).status()));
    EXPECT_TRUE(absl::IsFailedPrecondition(co_await s.Sleep(absl::Seconds(1))));
    EXPECT_TRUE(absl::IsFailedPrecondition(co_await s.Close()));
    EXPECT_TRUE(absl::IsFailedPrecondition(co_await s.SendFragment(Opcode::kText, "x", true)));
    EXPECT_TRUE(absl::IsFailedPrecondition(co_await s.Subscribe("news")));
    EXPECT_FALSE((co_await s.Receive()).has_value());
  });
  TestClient client = ConnectAndUpgrade();
  client.Send(ClientFrame(Opcode::kClose, testing::ClosePayload(CloseCode(3000), "bye")));
  journal_.WaitFor("left");
  EXPECT_THAT(journal_.lines(), Contains(HasSubstr("3000 bye by peer closed by the client: 3000")));
}

TEST_P(SessionTest, ReturningClosesTheSession) {
  StartServer([](coro::Session s) -> Task<> { EXPECT_TRUE((co_await s.SendText("hello")).ok()); });
  TestClient client = ConnectAndUpgrade();
  EXPECT_EQ(client.ReadFrame(), "fin text hello");
  EXPECT_EQ(client.ReadFrame(), "fin close 1000");
  client.SendText("still here");
  client.SendClose(1000);
  EXPECT_EQ(client.ReadFrame(), "end");
}

TEST_P(SessionTest, CloseWaitsForTheEnd) {
  StartServer([this](coro::Session s) -> Task<> {
    EXPECT_TRUE(absl::IsInvalidArgument(co_await s.Close(CloseCode(1))));
    const absl::Status status = co_await s.Close(CloseCode::kGoingAway, "off");
    EXPECT_TRUE(status.ok()) << status;
    EXPECT_FALSE(s.status().ok());
    journal_.Write(absl::StrCat("by ", NameOf(s.close_info()->by)));
  });
  TestClient client = ConnectAndUpgrade();
  EXPECT_EQ(client.ReadFrame(), "fin close 1001 off");
  LetTheLoopTurn();
  EXPECT_TRUE(journal_.lines().empty());
  client.SendText("discarded");
  client.SendClose(1001);
  EXPECT_EQ(client.ReadFrame(), "end");
  journal_.WaitFor("left");
  EXPECT_THAT(journal_.lines(), Contains("by application"));
}

TEST_P(SessionTest, SendWaitsWhileTheQueueIsFull) {
  constexpr int kMessages = 64;
  std::atomic<int> sent{0};
  std::atomic<size_t> most{0};
  StartServer(
      [&](coro::Session s) -> Task<> {
        co_await s.Receive();  // the sockets have small buffers now
        const std::string payload(64 << 10, 'x');
        for (int i = 0; i < kMessages; ++i) {
          EXPECT_TRUE((co_await s.SendBinary(payload)).ok());
          most = std::max<size_t>(most, s.queued_bytes());
          ++sent;
        }
        EXPECT_TRUE((co_await s.SendText("end")).ok());
      },
      {.sending = {
           .max_queue_bytes = 1 << 20, .high_mark_bytes = 256 << 10, .low_mark_bytes = 64 << 10}});
  TestClient client = ConnectSlowReader();
  client.SendText("start");
  LetTheLoopTurn();
  EXPECT_LT(sent, kMessages);
  for (int i = 0; i < kMessages; ++i) {
    EXPECT_EQ(client.ReadBytes(10).size() + client.ReadBytes(64 << 10).size(), (64u << 10) + 10);
  }
  EXPECT_EQ(client.ReadFrame(), "fin text end");
  EXPECT_LE(most, (256u << 10) + (64 << 10) + 16);
  server_.reset();
}

TEST_P(SessionTest, AMessageThatNeverFitsIsRefused) {
  StartServer(
      [](coro::Session s) -> Task<> {
        EXPECT_TRUE(absl::IsResourceExhausted(co_await s.SendBinary(std::string(2000, 'x'))));
        EXPECT_TRUE((co_await s.SendText("small")).ok());
        EXPECT_TRUE(absl::IsInvalidArgument(co_await s.SendText("\xff")));
        co_await s.Receive();
      },
      {.sending = {.max_queue_bytes = 1000}});
  TestClient client = ConnectAndUpgrade();
  EXPECT_EQ(client.ReadFrame(), "fin text small");
}

TEST_P(SessionTest, APolicyOfTheSendDoesNotWait) {
  StartServer(
      [this](coro::Session s) -> Task<> {
        const std::string payload(64 << 10, 'x');
        while ((co_await s.SendBinary(payload, {.when_full = WhenFull::kFail})).ok()) {
        }
        journal_.Write("refused");
        co_await s.Receive();
      },
      {.sending = {.max_queue_bytes = 1 << 20}});
  TestClient client = ConnectSlowReader();
  journal_.WaitFor("refused");
}

TEST_P(SessionTest, Fragments) {
  StartServer([](coro::Session s) -> Task<> {
    EXPECT_TRUE((co_await s.SendFragment(Opcode::kText, "one ", false)).ok());
    EXPECT_TRUE((co_await s.SendFragment(Opcode::kText, "message", true)).ok());
    co_await s.Receive();
  });
  TestClient client = ConnectAndUpgrade();
  EXPECT_EQ(client.ReadFrame(), "text one ");
  EXPECT_EQ(client.ReadFrame(), "fin continuation message");
}

TEST_P(SessionTest, PingGivesTheRoundTrip) {
  StartServer([this](coro::Session s) -> Task<> {
    const absl::StatusOr<absl::Duration> round_trip = co_await s.Ping();
    EXPECT_TRUE(round_trip.ok()) << round_trip.status();
    journal_.Write(absl::StrCat("after ", absl::FormatDuration(*round_trip)));
    co_await s.Receive();
  });
  TestClient client = ConnectAndUpgrade();
  EXPECT_EQ(client.ReadFrame(), "fin ping ");
  Advance(250);
  client.Send(ClientFrame(Opcode::kPong, "other"));
  LetTheLoopTurn();
  EXPECT_TRUE(journal_.lines().empty());
  client.Send(ClientFrame(Opcode::kPong, ""));
  journal_.WaitFor("after 250ms");
}

TEST_P(SessionTest, Sleeps) {
  StartServer([](coro::Session s) -> Task<> {
    for (int i = 0; i < 3; ++i) {
      EXPECT_TRUE((co_await s.Sleep(absl::Milliseconds(100))).ok());
      EXPECT_TRUE((co_await s.SendText(absl::StrCat("tick ", i))).ok());
    }
  });
  TestClient client = ConnectAndUpgrade();
  for (int i = 0; i < 3; ++i) {
    LetTheLoopTurn();
    Advance(120);
    EXPECT_EQ(client.ReadFrame(), absl::StrCat("fin text tick ", i));
  }
}

TEST_P(SessionTest, PublishesToSubscribers) {
  StartServer([](coro::Session s) -> Task<> {
    EXPECT_TRUE((co_await s.Subscribe("news")).ok());
    EXPECT_TRUE((co_await s.SendText("ready")).ok());
    while (auto m = co_await s.Receive()) {
      if (m->payload == "leave") {
        s.Unsubscribe("news");
        EXPECT_TRUE((co_await s.SendText("gone")).ok());
      } else {
        EXPECT_TRUE((co_await s.Publish("news", m->opcode, m->payload)).ok());
      }
    }
  });
  TestClient one = ConnectAndUpgrade(), two = ConnectAndUpgrade();
  EXPECT_EQ(one.ReadFrame(), "fin text ready");
  EXPECT_EQ(two.ReadFrame(), "fin text ready");
  one.SendText("hello");
  EXPECT_EQ(one.ReadFrame(), "fin text hello");
  EXPECT_EQ(two.ReadFrame(), "fin text hello");
  two.SendText("leave");
  EXPECT_EQ(two.ReadFrame(), "fin text gone");
  one.SendText("again");
  EXPECT_EQ(one.ReadFrame(), "fin text again");
  two.SendText("more");
  EXPECT_EQ(one.ReadFrame(), "fin text more");
}

TEST_P(SessionTest, AnAwaitableKeepsItsOptions) {
  StartServer([](coro::Session s) -> Task<> {
    EXPECT_TRUE((co_await s.Subscribe("news")).ok());
    SendOptions options;
    auto publish = s.Publish("news", Opcode::kText, "published", options);
    auto send = s.SendText("sent", options);
    options.max_queue_bytes = 0;
    EXPECT_TRUE((co_await publish).ok());
    EXPECT_TRUE((co_await send).ok());
  });
  TestClient client = ConnectAndUpgrade();
  EXPECT_EQ(client.ReadFrame(), "fin text published");
  EXPECT_EQ(client.ReadFrame(), "fin text sent");
}

TEST_P(SessionTest, ASendWaitsWhateverThePolicyOfTheServer) {
  constexpr int kMessages = 16;
  for (const WhenFull policy : {WhenFull::kDisconnect, WhenFull::kDropNewest}) {
    StartServer(
        [](coro::Session s) -> Task<> {
          co_await s.Receive();  // the sockets have small buffers now
          const std::string payload(64 << 10, 'x');
          const auto encoded = EncodedMessage::Make(Opcode::kBinary, payload);
          for (int i = 0; i < kMessages; ++i) {
            EXPECT_TRUE((co_await s.SendBinary(payload)).ok());
            EXPECT_TRUE((co_await s.Send(*encoded)).ok());
          }
        },
        {.sending = {.max_queue_bytes = 100 << 10,
                     .when_full = policy,
                     .high_mark_bytes = 100 << 10,
                     .low_mark_bytes = 10 << 10}});
    TestClient client = ConnectSlowReader();
    client.SendText("start");
    LetTheLoopTurn();
    for (int i = 0; i < 2 * kMessages; ++i) {
      EXPECT_EQ(client.ReadFrame().size(), (64u << 10) + 11) << i;
    }
    EXPECT_EQ(client.ReadFrame(), "fin close 1000");
    server_.reset();
  }
}

// ---- Reading ahead

TEST_P(SessionTest, ReadingPausesWhileNobodyReceives) {
  StartServer([this](coro::Session s) -> Task<> {
    EXPECT_TRUE((co_await s.Sleep(absl::Seconds(1))).ok());
    size_t bytes = 0;
    while (auto m = co_await s.Receive()) {
      bytes += m->payload.size();
      if (m->payload == "end") break;
    }
    journal_.Write(absl::StrCat(bytes, " bytes"));
  });
  TestClient client = ConnectAndUpgrade();
  // Far more than the read-ahead and the sockets hold together: written by a thread that waits.
  constexpr int kMessages = 512;
  const std::string frame = ClientFrame(Opcode::kBinary, std::string(64 << 10, 'x'));
  std::atomic<int> written{0};
  std::thread writer([&] {
    for (int i = 0; i < kMessages; ++i) {
      client.Send(frame);
      ++written;
    }
    client.SendText("end");
  });
  while (server_->metrics().held_sessions != 1) std::this_thread::yield();
  LetTheLoopTurn();
  EXPECT_LT(written, kMessages);
  EXPECT_LE(server_->metrics().messages_received, 2u);
  Advance(1100);
  writer.join();
  journal_.WaitFor(absl::StrCat(kMessages * (64 << 10) + 3, " bytes"));
  EXPECT_EQ(server_->metrics().held_sessions, 0u);
}

TEST_P(SessionTest, ControlFramesAreAnsweredWhileNobodyReceives) {
  StartServer([this](coro::Session s) -> Task<> {
    journal_.Write((co_await s.Sleep(absl::Hours(1))).ok() ? "slept" : "woken");
    while (auto m = co_await s.Receive()) journal_.Write(std::string(m->payload));
  });
  TestClient client = ConnectAndUpgrade();
  client.Send(ClientFrame(Opcode::kText, "one") + ClientFrame(Opcode::kText, "two") +
              ClientFrame(Opcode::kPing, "are you there?"));
  EXPECT_EQ(client.ReadFrame(), "fin pong are you there?");
  EXPECT_TRUE(journal_.lines().empty());
  client.SendClose(1000);
  EXPECT_EQ(client.ReadFrame(), "fin close 1000");
  journal_.WaitFor("left");
  EXPECT_EQ(journal_.lines(), (std::vector<std::string>{"woken", "one", "two", "left"}));
}

TEST_P(SessionTest, ASilentClientIsExcusedWhileReadingIsPaused) {
  ServerOptions options;
  options.timeouts.ping_interval = absl::Seconds(10);
  options.timeouts.pong = absl::Seconds(5);
  options.timeouts.idle = absl::Seconds(60);
  StartServer(
      [](coro::Session s) -> Task<> {
        EXPECT_TRUE((co_await s.Sleep(absl::Minutes(10))).ok());
        int messages = 0;
        while (auto m = co_await s.Receive()) {
          if (++messages < 40) continue;
          EXPECT_TRUE((co_await s.SendText("all")).ok());
        }
      },
      options);
  TestClient client = ConnectAndUpgrade();
  for (int i = 0; i < 40; ++i) client.SendText("message");
  while (server_->metrics().held_sessions != 1) std::this_thread::yield();
  for (int i = 0; i < 125; ++i) Advance(5000);
  EXPECT_EQ(client.ReadFrame(), "fin text all");
}

// ---- Exceptions

TEST_P(SessionTest, AnExceptionClosesTheSessionWith1011) {
  StartServer([](coro::Session s) -> Task<> {
    co_await s.Receive();
    throw std::runtime_error("bad number");
  });
  TestClient client = ConnectAndUpgrade();
  client.Send(ClientFrame(Opcode::kText, "one") + ClientFrame(Opcode::kText, "two"));
  EXPECT_EQ(client.ReadFrame(), "fin close 1011 the handler failed");
  EXPECT_EQ(client.ReadFrame(), "end");
  log_.WaitForPart("bad number");
  EXPECT_EQ(server_->metrics().exceptions, 1u);
}

TEST_P(SessionTest, AnExceptionAtTheStartAndAtTheEndIsReported) {
  std::atomic<bool> started{false};
  StartServer([&](coro::Session s) -> Task<> {
    if (!started.exchange(true)) throw std::runtime_error("at the start");
    co_await s.Receive();
    throw std::runtime_error("at the end");
  });
  EXPECT_EQ(ConnectAndUpgrade().ReadFrame(), "fin close 1011 the handler failed");
  log_.WaitForPart("at the start");
  ConnectAndUpgrade().Close();
  log_.WaitForPart("at the end");
  server_.reset();
}

TEST_P(SessionTest, AnExceptionEndsTheSessionAlsoWithoutMemory) {
  testing::Gate gate;
  StartServer(
      [&](coro::Session s) -> Task<> {
        co_await gate;
        const SessionRef ref = s.ref();
        while (ref.Post([](weft::Session&) {}).ok()) {
        }
        throw std::runtime_error("full");
      },
      {.limits = {.max_buffered_bytes = 1 << 20}});
  TestClient client = ConnectAndUpgrade();
  gate.Open();
  EXPECT_EQ(client.ReadFrame(), "fin close 1011 the handler failed");
  server_.reset();
}

TEST_P(SessionTest, AnExceptionLeavesTheTaskForItsCaller) {
  const auto thrower = [](coro::Session& s) -> Task<int> {
    co_await s.Sleep(absl::Milliseconds(1));
    throw std::runtime_error("inner");
  };
  StartServer([&](coro::Session s) -> Task<> {
    std::string what;
    try {
      co_await thrower(s);
    } catch (const std::runtime_error& error) {
      what = error.what();
    }
    EXPECT_TRUE((co_await s.SendText(what)).ok());
  });
  TestClient client = ConnectAndUpgrade();
  LetTheLoopTurn();
  Advance(50);
  EXPECT_EQ(client.ReadFrame(), "fin text inner");
  server_.reset();
}

// ---- Misuse

TEST_P(SessionTest, ASessionIsNotAwaitedByAnother) {
  std::optional<coro::Session> first;
  StartServer([&](coro::Session s) -> Task<> {
    if (!first.has_value()) {
      first = s;
      journal_.Write("first");
      co_await s.Receive();
      first.reset();
      co_return;
    }
    EXPECT_FALSE((co_await first->Receive()).has_value());
    EXPECT_TRUE(absl::IsFailedPrecondition(co_await first->SendText("x")));
    EXPECT_TRUE(absl::IsFailedPrecondition((co_await first->Ping()).status()));
    EXPECT_TRUE(absl::IsFailedPrecondition(co_await first->Publish("x", Opcode::kText, "")));
    EXPECT_TRUE(first->ref().SendText("by reference").ok());
  });
  TestClient one = ConnectAndUpgrade();
  journal_.WaitFor("first");
  TestClient two = ConnectAndUpgrade();
  EXPECT_EQ(one.ReadFrame(), "fin text by reference");
  server_.reset();
}

TEST_P(SessionTest, ASendOfAnotherSessionDoesNotWait) {
  std::optional<coro::Session> first;
  StartServer([&](coro::Session s) -> Task<> {
    if (first.has_value()) {
      EXPECT_TRUE(absl::IsFailedPrecondition(co_await first->SendText("x")));
      journal_.Write("refused");
      co_return;
    }
    first = s;
    journal_.Write("first");
    const std::string payload(1 << 20, 'x');
    while ((co_await s.SendBinary(payload)).ok()) {
    }
    first.reset();
  });
  TestClient one = ConnectSlowReader();
  journal_.WaitFor("first");
  LetTheLoopTurn();
  TestClient two = ConnectAndUpgrade();
  journal_.WaitFor("refused");
  server_.reset();
}

}  // namespace
}  // namespace weft
