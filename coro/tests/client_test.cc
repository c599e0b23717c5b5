// Coroutines on asynchronous clients.

#include <algorithm>
#include <atomic>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/core/encoded_message.h"
#include "weft/core/testing/frames.h"
#include "weft/coro.h"
#include "weft/coro/testing/client_fixture.h"
#include "weft/coro/testing/coro_fixture.h"
#include "weft/server/server.h"
#include "weft/testing/fake_server.h"

namespace weft {
namespace {

using ::testing::Contains;
using testing::FakePeer;
using testing::FakeServer;
using testing::Gate;
using ::testing::HasSubstr;
using testing::Home;
using testing::ServerFrame;

Task<> EchoAll(coro::Session s) {
  while (auto m = co_await s.Receive())
    if (!(co_await s.Send(*m)).ok()) co_return;
}

class ClientTest : public testing::CoroClientTest {};

INSTANTIATE_TEST_SUITE_P(Homes, ClientTest, testing::AllHomes(), testing::NameOfHome);

// ---- A session

TEST_P(ClientTest, HasTheAwaitablesOfASession) {
  Start({}, coro::Handler(EchoAll));
  Run([this]() -> Task<> {
    absl::StatusOr<coro::Session> s = co_await ConnectTo(url());
    EXPECT_TRUE(s.ok()) << s.status();
    EXPECT_TRUE((co_await s->SendText("one")).ok());
    EXPECT_TRUE((co_await s->SendBinary(std::string(100000, 'x'))).ok());
    EXPECT_TRUE((co_await s->SendFragment(Opcode::kText, "two ", false)).ok());
    EXPECT_TRUE((co_await s->SendFragment(Opcode::kText, "parts", true)).ok());
    EXPECT_TRUE((co_await s->Send(*EncodedMessage::Make(Opcode::kText, "encoded"))).ok());
    EXPECT_TRUE((co_await s->SendText("options", {.max_queue_bytes = 1 << 20})).ok());
    auto m = co_await s->Receive();
    EXPECT_EQ(m->payload, "one");
    EXPECT_TRUE(m->is_text());
    m = co_await s->Receive();
    EXPECT_EQ(m->payload, std::string(100000, 'x'));
    EXPECT_FALSE(m->is_text());
    for (const std::string expected : {"two parts", "encoded", "options"}) {
      m = co_await s->Receive();
      EXPECT_EQ(m->payload, expected);
    }
    EXPECT_TRUE((co_await s->Ping()).ok());
    EXPECT_TRUE((co_await s->Sleep(absl::ZeroDuration())).ok());
    EXPECT_TRUE((co_await coro::Sleep(absl::ZeroDuration())).ok());
    EXPECT_EQ(s->peer_address(), server_->address());
    EXPECT_EQ(s->queued_bytes(), 0u);
    EXPECT_TRUE(absl::IsInvalidArgument(co_await s->SendText("\xff")));
    EXPECT_TRUE(absl::IsInvalidArgument(co_await s->SendFragment(Opcode::kText, "\xff", true)));
    EXPECT_TRUE(absl::IsInvalidArgument(co_await s->Close(CloseCode(1))));
    EXPECT_TRUE(absl::IsFailedPrecondition(co_await s->Subscribe("news")));
    EXPECT_TRUE(absl::IsFailedPrecondition(co_await s->Publish("news", Opcode::kText, "x")));
    EXPECT_TRUE(s->status().ok());

    const absl::Status closed = co_await s->Close(CloseCode::kGoingAway, "off");
    EXPECT_TRUE(closed.ok()) << closed;
    EXPECT_EQ(s->close_info()->by, ClosedBy::kApplication);
    EXPECT_EQ(s->close_info()->code, CloseCode::kGoingAway);
    EXPECT_FALSE(s->status().ok());
    EXPECT_TRUE(absl::IsFailedPrecondition(co_await s->SendText("late")));
    EXPECT_TRUE(absl::IsFailedPrecondition((co_await s->Ping()).status()));
    EXPECT_TRUE(absl::IsFailedPrecondition(co_await s->Close()));
    EXPECT_TRUE(absl::IsFailedPrecondition(co_await s->SendFragment(Opcode::kText, "x", true)));
    const auto last = co_await s->Receive();
    EXPECT_FALSE(last.has_value());
    EXPECT_TRUE((co_await coro::Sleep(absl::ZeroDuration())).ok()) << "the task has not ended";
    journal_.Write("done");
  });
  // For the two sleeps.
  while (!::testing::Value(journal_.lines(), Contains("left"))) Advance(20);
  EXPECT_THAT(journal_.lines(), Contains("done"));
}

TEST_P(ClientTest, ReceivesTheEndOfTheServer) {
  Start({}, coro::Handler([](coro::Session s) -> Task<> {
          EXPECT_TRUE((co_await s.SendText("last words")).ok());
          (co_await s.Close(CloseCode(3000), "bye")).IgnoreError();
        }));
  Run([this]() -> Task<> {
    absl::StatusOr<coro::Session> s = co_await ConnectTo(url());
    EXPECT_TRUE(s.ok()) << s.status();
    std::string all;
    while (const auto m = co_await s->Receive()) all += std::string(m->payload);
    EXPECT_EQ(all, "last words");
    journal_.Write(absl::StrCat(static_cast<int>(s->close_info()->code), " ",
                                s->close_info()->reason, " by ", NameOf(s->close_info()->by), ": ",
                                s->status().message()));
  });
  journal_.WaitFor("left");
  EXPECT_THAT(journal_.lines(),
              Contains(HasSubstr("3000 bye by peer: closed by the server: 3000")));
}

TEST_P(ClientTest, GetsTheErrorsOfTheBlockingClient) {
  Start();
  accept_ = [](const SessionRequest&, UpgradeResponse&) { return absl::NotFoundError("no room"); };
  Run([this]() -> Task<> {
    const absl::StatusOr<coro::Session> refused = co_await ConnectTo(url());
    EXPECT_TRUE(absl::IsNotFound(refused.status())) << refused.status();
    const absl::StatusOr<coro::Session> invalid = co_await ConnectTo("http//x");
    EXPECT_TRUE(absl::IsInvalidArgument(invalid.status())) << invalid.status();
    journal_.Write("done");
  });
  journal_.WaitFor("left");
  EXPECT_THAT(journal_.lines(), Contains("done"));
}

TEST_P(ClientTest, TheLastCopyClosesTheConnection) {
  constexpr int kMessages = 100;  // some are kept, the rest is not read
  Start({}, coro::Handler([this](coro::Session s) -> Task<> {
          for (int i = 0; i < kMessages; ++i) {
            EXPECT_TRUE((co_await s.SendBinary(std::string(10000, 'x'))).ok());
          }
          journal_.Write("sent");
          const auto m = co_await s.Receive();
          EXPECT_FALSE(m.has_value());
          journal_.Write(absl::StrCat("server: ", static_cast<int>(s.close_info()->code), " by ",
                                      NameOf(s.close_info()->by)));
        }));
  Gate gate;
  Run([&]() -> Task<> {
    {
      const absl::StatusOr<coro::Session> s = co_await ConnectTo(url());
      EXPECT_TRUE(s.ok()) << s.status();
      const coro::Session copy = *s;
      co_await gate;
    }
    co_await gate;
  });
  journal_.WaitFor("sent");
  Settle();
  gate.Open();
  journal_.WaitFor("server: 1000 by peer");
  gate.Open();
  journal_.WaitFor("left");
  while (clients_->connections() > 0) std::this_thread::yield();
}

TEST_P(ClientTest, OfATaskThatHasEndedIsClosedByItsLastCopy) {
  Start({}, coro::Handler([this](coro::Session s) -> Task<> {
          const auto m = co_await s.Receive();
          EXPECT_FALSE(m.has_value());
          journal_.Write("closed");
        }));
  std::optional<coro::Session> copy;
  Run([&]() -> Task<> {
    absl::StatusOr<coro::Session> s = co_await ConnectTo(url());
    copy = *s;
  });
  journal_.WaitFor("left");
  Settle();
  EXPECT_EQ(journal_.lines(), std::vector<std::string>{"left"});
  copy.reset();
  journal_.WaitFor("closed");
}

TEST_P(ClientTest, AReferenceIsForOtherThreads) {
  Start({}, coro::Handler(EchoAll));
  ClientRef ref;
  Run([&]() -> Task<> {
    absl::StatusOr<coro::Session> s = co_await ConnectTo(url());
    ref = s->client_ref();
    journal_.Write("open");
    while (const auto m = co_await s->Receive()) journal_.Write(std::string(m->payload));
    EXPECT_EQ(s->client_ref(), ClientRef());
  });
  journal_.WaitFor("open");
  EXPECT_TRUE(ref.SendText("from outside").ok());
  journal_.WaitFor("from outside");
  EXPECT_TRUE(ref.Close().ok());
  journal_.WaitFor("left");
}

TEST_P(ClientTest, ASessionOfAnotherTaskIsRefused) {
  Start({}, coro::Handler(EchoAll));
  std::optional<coro::Session> other;
  Gate gate;
  Run([&]() -> Task<> {
    absl::StatusOr<coro::Session> s = co_await ConnectTo(url());
    other = *s;
    journal_.Write("open");
    co_await gate;
    other.reset();
  });
  journal_.WaitFor("open");
  const auto use = [&]() -> Task<absl::Status> {
    const auto m = co_await other->Receive();
    EXPECT_FALSE(m.has_value());
    co_return co_await other->SendText("not mine");
  };
  EXPECT_EQ(coro::Run(*clients_, use()),
            absl::FailedPreconditionError("awaited by a coroutine of another session"));
  gate.Open();
  journal_.WaitFor("left");
}

TEST_P(ClientTest, ReadingPausesWhileNobodyReceives) {
  constexpr int kMessages = 512;
  std::atomic<int> written{0};
  FakeServer server([&](FakePeer& peer) {
    peer.AcceptUpgrade();
    for (int i = 0; i < kMessages; ++i) {
      peer.Write(
          ServerFrame(Opcode::kBinary, std::string((64 << 10) - 4, 'x') + absl::StrCat(1000 + i)));
      ++written;
    }
    peer.EchoToEnd();
  });
  Gate gate;
  Run([&]() -> Task<> {
    absl::StatusOr<coro::Session> s = co_await ConnectTo(server.url());
    EXPECT_TRUE(s.ok()) << s.status();
    co_await gate;
    const absl::StatusOr<absl::Duration> ping = co_await s->Ping();
    EXPECT_TRUE(absl::IsFailedPrecondition(ping.status())) << ping.status();
    for (int i = 0; i < kMessages; ++i) {
      const auto m = co_await s->Receive();
      EXPECT_TRUE(m.has_value());
      if (!m.has_value()) co_return;
      EXPECT_EQ(m->payload.substr(m->payload.size() - 4), absl::StrCat(1000 + i));
    }
    EXPECT_TRUE((co_await s->Ping()).ok());
    EXPECT_TRUE((co_await s->Close()).ok());
    journal_.Write("all");
  });
  int before = -1;
  while (written != before || before <= 0) {  // until it waits
    before = written;
    Settle();
  }
  EXPECT_LT(written, kMessages);
  gate.Open();
  journal_.WaitFor("left");
  EXPECT_THAT(journal_.lines(), Contains("all"));
}

TEST_P(ClientTest, ManySmallMessagesArriveInOrder) {
  constexpr int kMessages = 5000;
  Start({}, coro::Handler(EchoAll));
  Run([&]() -> Task<> {
    absl::StatusOr<coro::Session> s = co_await ConnectTo(url());
    EXPECT_TRUE(s.ok()) << s.status();
    const auto send = [](coro::Session& to) -> Task<> {
      for (int i = 0; i < kMessages; ++i) {
        EXPECT_TRUE((co_await to.SendText(absl::StrCat(i))).ok());
      }
      (co_await coro::Sleep(absl::Hours(1))).IgnoreError();
    };
    const auto receive = [](coro::Session& from) -> Task<> {
      for (int i = 0; i < kMessages; ++i) {
        const auto m = co_await from.Receive();
        EXPECT_TRUE(m.has_value());
        if (!m.has_value()) co_return;
        EXPECT_EQ(m->payload, absl::StrCat(i));
      }
    };
    const auto first = co_await coro::WhenAny(receive(*s), send(*s));
    EXPECT_EQ(first.index(), 0u);
  });
  journal_.WaitFor("left");
}

TEST_P(ClientTest, OneTaskHasSeveralConnections) {
  Start({}, coro::Handler(EchoAll));
  Run([&]() -> Task<> {
    std::vector<coro::Session> sessions;
    for (int i = 0; i < 3; ++i) {
      absl::StatusOr<coro::Session> s = co_await ConnectTo(url());
      EXPECT_TRUE(s.ok()) << s.status();
      sessions.push_back(*std::move(s));
    }
    for (size_t i = 0; i < 3; ++i) {
      EXPECT_TRUE((co_await sessions[i].SendText(absl::StrCat("from ", i))).ok());
      const auto first = co_await coro::WhenAny(sessions[0].Receive(), sessions[1].Receive(),
                                                sessions[2].Receive());
      EXPECT_EQ(first.index(), i);
      const std::optional<Message> m =
          std::visit([](const auto& each) -> std::optional<Message> { return each; }, first);
      EXPECT_EQ(m->payload, absl::StrCat("from ", i));
    }
    // The end of one ends the waits for that one.
    const auto close = [](coro::Session& s) -> Task<> { (co_await s.Close()).IgnoreError(); };
    const auto receive = [](coro::Session& s) -> Task<bool> {
      const auto m = co_await s.Receive();
      co_return m.has_value();
    };
    const auto first =
        co_await coro::WhenAny(receive(sessions[0]), receive(sessions[1]), close(sessions[1]));
    EXPECT_NE(first.index(), 0u);
    EXPECT_FALSE(sessions[1].status().ok());
    EXPECT_TRUE((co_await sessions[0].SendText("still here")).ok());
    const auto m = co_await sessions[0].Receive();
    EXPECT_EQ(m->payload, "still here");
    journal_.Write("done");
  });
  journal_.WaitFor("left");
  EXPECT_THAT(journal_.lines(), Contains("done"));
}

TEST_P(ClientTest, AnAwaitableOfTheApplicationComesBackToTheLoop) {
  Start({}, coro::Handler(EchoAll));
  Gate gate;
  Run([&]() -> Task<> {
    absl::StatusOr<coro::Session> s = co_await ConnectTo(url());
    const std::thread::id loop = std::this_thread::get_id();
    EXPECT_EQ(co_await gate, 7);
    EXPECT_EQ(std::this_thread::get_id(), loop);
    EXPECT_TRUE((co_await s->SendText("back")).ok());
    const auto m = co_await s->Receive();
    EXPECT_EQ(m->payload, "back");
    EXPECT_EQ(std::this_thread::get_id(), loop);
  });
  gate.Open();
  journal_.WaitFor("left");
}

TEST_P(ClientTest, AnExceptionIsReported) {
  Start({}, coro::Handler(EchoAll));
  Run([&]() -> Task<> {
    absl::StatusOr<coro::Session> s = co_await ConnectTo(url());
    EXPECT_TRUE((co_await s->SendText("x")).ok());
    const auto m = co_await s->Receive();
    EXPECT_TRUE(m.has_value());
    throw std::runtime_error("thrown by the coroutine");
  });
  journal_.WaitFor("left");
  log_.WaitForPart("thrown by the coroutine");
  while (clients_->connections() > 0) std::this_thread::yield();
}

}  // namespace
}  // namespace weft
