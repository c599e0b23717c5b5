// Coroutines that ignore that their session has ended, or that they were cancelled.

#include <string>

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

}  // namespace
}  // namespace weft
