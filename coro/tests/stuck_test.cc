// Coroutines that ignore that their session has ended, or that they were cancelled.

#include <sys/socket.h>

#include <atomic>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/coro.h"
#include "weft/coro/testing/coro_fixture.h"
#include "weft/testing/journal.h"
#include "weft/testing/test_client.h"

namespace weft {
namespace {

using ::testing::Contains;
using testing::Gate;
using ::testing::Not;
using testing::TestClient;

class StuckTest : public testing::CoroTest {
 protected:
  // Calls that fail at once, far more than a session that has ended lets its coroutine make.
  static constexpr int kForEver = 100'000;

  static Task<> Tick(coro::Session& s) {
    while (true) (co_await s.Sleep(absl::Seconds(1))).IgnoreError();
  }

  // Awaits both gates after its session has ended, or it was cancelled.
  static Task<> Save(coro::Session& s, Gate* gates, testing::Journal& journal) {
    while (true) {
      const auto m = co_await s.Receive();
      if (!m.has_value()) break;
    }
    journal.Write("saves");
    co_await gates[0];
    journal.Write("half");
    co_await gates[1];
    journal.Write("saved");
  }

  // The coroutine that awaits them stays until they are open, and then goes.
  void OpenBoth(Gate* gates, const std::string& left) {
    journal_.WaitFor("saves");
    LetTheLoopTurn();
    EXPECT_THAT(journal_.lines(), Not(Contains(left)));
    gates[0].Open();
    journal_.WaitFor("half");
    LetTheLoopTurn();
    EXPECT_THAT(journal_.lines(), Not(Contains(left)));
    gates[1].Open();
    journal_.WaitFor("saved");
    journal_.WaitFor(left);
  }
};

INSTANTIATE_TEST_SUITE_P(HandlerThreads, StuckTest, ::testing::Values(0, 2));

// ---- Waits that fail at once

TEST_P(StuckTest, ALoopAroundAnyCallIsDestroyedAfterTheEnd) {
  const std::pair<std::string, std::function<Task<>(coro::Session&)>> calls[] = {
      {"WithTimeout",
       [](coro::Session& s) -> Task<> {
         (void)co_await coro::WithTimeout(absl::Seconds(30), s.Receive());
       }},
      {"Ping", [](coro::Session& s) -> Task<> { (void)co_await s.Ping(); }},
      {"Close", [](coro::Session& s) -> Task<> { (co_await s.Close()).IgnoreError(); }},
  };
  for (const auto& [name, call] : calls) {
    SCOPED_TRACE(name);
    StartServer([this, call = call](coro::Session s) -> Task<> {
      journal_.Write("started");
      co_await s.Receive();
      for (int i = 0; i < kForEver; ++i) co_await call(s);
      ADD_FAILURE() << "would never end";
    });
    {
      TestClient client = ConnectAndUpgrade();
      journal_.WaitFor("started");
      client.Reset();
    }
    journal_.WaitFor("left");
    log_.WaitForPart("ignored its end");
    server_.reset();
    journal_.Clear();
    log_.Clear();
  }
}

TEST_P(StuckTest, ALoopAroundPingWaitsForTheEndOfAClosingSession) {
  StartServer([](coro::Session s) -> Task<> {
    const auto ping = [](coro::Session& session) -> Task<> {
      for (int i = 0; i < kForEver; ++i) (void)co_await session.Ping();
      ADD_FAILURE() << "would never end";
    };
    (void)co_await coro::WhenAny(s.Close(CloseCode::kNormal, "bye"), ping(s));
  });
  TestClient client = ConnectAndUpgrade();
  EXPECT_EQ(client.ReadFrame(), "fin close 1000 bye");
  client.SendClose(1000);
  journal_.WaitFor("left");
}

TEST_P(StuckTest, ALoopAroundSleepEndsWithItsStream) {
  std::atomic<int> end{-1};
  StartServer([&](coro::Session s) -> Task<> {
    co_await s.Receive();
    EXPECT_EQ(shutdown(end, SHUT_WR), 0);
    (co_await s.SendBinary(std::string(1 << 20, 'x'))).IgnoreError();
    for (int i = 0; i < kForEver; ++i) (co_await s.Sleep(absl::Seconds(1))).IgnoreError();
    ADD_FAILURE() << "would never end";
  });
  TestClient client = ConnectAndUpgrade();
  end = ServersEnd(client);
  client.SendText("start");
  journal_.WaitFor("left");
  server_.reset();
}

TEST_P(StuckTest, TimeNeedsNoRoomInTheBudget) {
  StartServer(
      [](coro::Session s) -> Task<> {
        const SessionRef ref = s.ref();
        while (ref.Post([](weft::Session&) {}).ok()) {
        }
        const absl::Status slept = co_await s.Sleep(absl::Milliseconds(10));
        EXPECT_TRUE(slept.ok()) << slept;
        while (ref.Post([](weft::Session&) {}).ok()) {
        }
        const absl::Status received =
            (co_await coro::WithTimeout(absl::Milliseconds(10), s.Receive())).status();
        EXPECT_TRUE(absl::IsDeadlineExceeded(received)) << received;
        EXPECT_TRUE((co_await s.SendText("done")).ok());
      },
      {.limits = {.max_buffered_bytes = 1 << 20}});
  TestClient client = ConnectAndUpgrade();
  for (int i = 0; i < 2; ++i) Pass(50);
  EXPECT_EQ(client.ReadFrame(), "fin text done");
}

// Its pong comes after messages that nobody receives.
TEST_P(StuckTest, APingFailsWhenReadingIsPaused) {
  StartServer([this](coro::Session s) -> Task<> {
    for (const char* const line : {"waited", "did not wait"}) {
      const absl::Status status = (co_await s.Ping()).status();
      EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
      EXPECT_TRUE(s.status().ok());
      journal_.Write(line);
    }
    for (int i = 0; i < 16; ++i) EXPECT_TRUE((co_await s.Receive()).has_value());
    EXPECT_TRUE((co_await s.SendText("all")).ok());
    EXPECT_TRUE((co_await s.Receive()).has_value());
  });
  TestClient client = ConnectAndUpgrade();
  EXPECT_EQ(client.ReadFrame(), "fin ping ");
  for (int i = 0; i < 17; ++i) client.SendText("message");
  journal_.WaitFor("did not wait");
  EXPECT_EQ(client.ReadFrame(), "fin text all");
  EXPECT_EQ(client.ReadFrame(), "fin close 1000");
}

// ---- Beside an awaitable of the application

TEST_P(StuckTest, ACoroutineStaysWhileABranchAwaitsTheApplication) {
  Gate gates[2];
  StartServer([&](coro::Session s) -> Task<> {
    journal_.Write("started");
    (void)co_await coro::WhenAny(Tick(s), Save(s, gates, journal_));
  });
  {
    TestClient client = ConnectAndUpgrade();
    journal_.WaitFor("started");
    client.Reset();
  }
  OpenBoth(gates, "left");
  log_.WaitForPart("ignored its end");
  server_.reset();
}

TEST_P(StuckTest, ABranchStaysWhileABranchOfItAwaitsTheApplication) {
  Gate gates[2];
  const auto both = [&](coro::Session& s) -> Task<> {
    const Leaves leaves(journal_, "branch left");
    (void)co_await coro::WhenAny(Tick(s), Save(s, gates, journal_));
  };
  StartServer([&](coro::Session s) -> Task<> {
    EXPECT_EQ((co_await coro::WhenAny(s.Sleep(absl::Milliseconds(50)), both(s))).index(), 0u);
    journal_.Write("continues");
    co_await s.Receive();
  });
  TestClient client = ConnectAndUpgrade();
  LetTheLoopTurn();
  Advance(100);
  OpenBoth(gates, "branch left");
  journal_.WaitFor("continues");
  server_.reset();
}

TEST_P(StuckTest, ABranchThatIsAWhenAnyIsDestroyedWithItsBranches) {
  Gate gate;
  const auto ask = [](testing::Journal& journal) -> Task<> {
    journal.Write("asks");
    co_return;
  };
  const auto save = [&](coro::Session& s) -> Task<> {
    const Leaves leaves(journal_, "branch left");
    const auto m = co_await s.Receive();
    EXPECT_FALSE(m.has_value());
    journal_.Write("saves");
    co_await gate;
    journal_.Write("half");
    co_await ask(journal_);
  };
  for (const bool nested : {false, true}) {
    StartServer([&, nested](coro::Session s) -> Task<> {
      if (nested) {
        (void)co_await coro::WhenAny(
            s.Sleep(absl::Milliseconds(50)),
            coro::WithTimeout(absl::Hours(1), coro::WhenAny(Tick(s), save(s))));
      } else {
        (void)co_await coro::WhenAny(s.Sleep(absl::Milliseconds(50)),
                                     coro::WhenAny(Tick(s), save(s)));
      }
      journal_.Write("continues");
      co_await s.Receive();
    });
    TestClient client = ConnectAndUpgrade();
    LetTheLoopTurn();
    Advance(100);
    journal_.WaitFor("saves");
    gate.Open();
    journal_.WaitFor("continues");
    EXPECT_EQ(journal_.lines(),
              (std::vector<std::string>{"saves", "half", "branch left", "continues"}));
    server_.reset();
    journal_.Clear();
  }
}

// Those of its branches that have not started do not start.
TEST_P(StuckTest, ABranchThatIsAWhenAnyIsDestroyedWhileItStarts) {
  const auto nothing = []() -> Task<> { co_return; };
  const auto quick = [&]() -> Task<> { co_await nothing(); };
  const auto receive = [](coro::Session& s) -> Task<> {
    while (true) co_await s.Receive();
  };
  const auto write = [](testing::Journal& journal, const char* line) -> Task<> {
    journal.Write(line);
    co_return;
  };
  StartServer([&](coro::Session s) -> Task<> {
    (void)co_await coro::WhenAny(
        quick(), coro::WhenAny(receive(s), write(journal_, "second"), write(journal_, "third")));
    journal_.Write("continues");
    co_await s.Receive();
  });
  TestClient client = ConnectAndUpgrade();
  journal_.WaitFor("continues");
  EXPECT_EQ(journal_.lines(), std::vector<std::string>{"continues"});
  server_.reset();
}

}  // namespace
}  // namespace weft
