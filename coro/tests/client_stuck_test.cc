// Coroutines that ignore the end of a client's session.

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/coro.h"
#include "weft/coro/testing/client_fixture.h"
#include "weft/coro/testing/coro_fixture.h"

namespace weft {
namespace {

using ::testing::Contains;

class ClientStuckTest : public testing::CoroClientTest {
 protected:
  // A session that the server has ended.
  Task<coro::Session> AfterItsEnd() {
    absl::StatusOr<coro::Session> s = co_await ConnectTo(url());
    EXPECT_TRUE(s.ok()) << s.status();
    const auto end = co_await s->Receive();
    EXPECT_FALSE(end.has_value());
    co_return *std::move(s);
  }
};

INSTANTIATE_TEST_SUITE_P(Homes, ClientStuckTest, testing::AllHomes(), testing::NameOfHome);

TEST_P(ClientStuckTest, ATaskThatIgnoresTheEndIsDestroyedWhereItWaits) {
  Start({}, coro::Handler([](coro::Session) -> Task<> { co_return; }));
  for (const bool sends : {false, true}) {
    Run([&]() -> Task<> {
      absl::StatusOr<coro::Session> s = co_await ConnectTo(url());
      const auto end = co_await s->Receive();
      EXPECT_FALSE(end.has_value());
      while (true) {
        if (sends) {
          (co_await s->SendText("x")).IgnoreError();
        } else {
          const auto m = co_await s->Receive();
          EXPECT_FALSE(m.has_value());
        }
      }
    });
    journal_.WaitFor("left");
    log_.WaitForPart("ignored its end");
    journal_.Clear();
    log_.Clear();
    Settle();
  }
}

TEST_P(ClientStuckTest, ATaskMayOutliveAnyNumberOfSessions) {
  constexpr int kSessions = 1100;  // more than the waits that a task may make in vain
  Start({}, coro::Handler([](coro::Session) -> Task<> { co_return; }));
  Run([&]() -> Task<> {
    for (int i = 0; i < kSessions; ++i) {
      absl::StatusOr<coro::Session> s = co_await ConnectTo(url());
      EXPECT_TRUE(s.ok()) << s.status();
      if (!s.ok()) co_return;
      for (int j = 0; j < 2; ++j) {
        const auto m = co_await s->Receive();
        EXPECT_FALSE(m.has_value());
      }
    }
    journal_.Write("done");
  });
  journal_.WaitFor("left");
  EXPECT_THAT(journal_.lines(), Contains("done"));
}

// ---- Branches

Task<> SendForEver(coro::Session& s) {
  while (true) (co_await s.SendText("x")).IgnoreError();
}

TEST_P(ClientStuckTest, ABranchThatIgnoresTheEndIsDestroyedWithItsTask) {
  Start({}, coro::Handler([](coro::Session) -> Task<> { co_return; }));
  const std::function<Task<>(coro::Session&)> branches[] = {
      [](coro::Session& s) -> Task<> {
        (void)co_await coro::WhenAny(SendForEver(s), coro::Sleep(absl::Hours(1)));
      },
      [](coro::Session& s) -> Task<> {
        (void)co_await coro::WithTimeout(absl::Hours(1), SendForEver(s));
      },
      [](coro::Session& s) -> Task<> {
        (void)co_await coro::WhenAny(coro::Sleep(absl::Hours(1)),
                                     coro::WithTimeout(absl::Hours(1), SendForEver(s)));
      },
  };
  for (const auto& branch : branches) {
    Run([&]() -> Task<> {
      coro::Session s = co_await AfterItsEnd();
      co_await branch(s);
      ADD_FAILURE() << "has no result";
    });
    journal_.WaitFor("left");
    journal_.Clear();
    Settle();
  }
}

TEST_P(ClientStuckTest, ACancelledBranchThatIgnoresTheEndIsDestroyedAlone) {
  Start({}, coro::Handler([](coro::Session) -> Task<> { co_return; }));
  const auto late = [this](coro::Session& s) -> Task<> {
    const testing::CoroTest::Leaves leaves(journal_, "branch left");
    EXPECT_TRUE(absl::IsCancelled(co_await coro::Sleep(absl::Hours(1))));
    co_await SendForEver(s);
  };
  Run([&]() -> Task<> {
    coro::Session s = co_await AfterItsEnd();
    const auto first = co_await coro::WhenAny(late(s), coro::Sleep(absl::ZeroDuration()));
    EXPECT_EQ(first.index(), 1u);
    journal_.Write("continues");
    const absl::Status timeout = co_await coro::WithTimeout(absl::ZeroDuration(), late(s));
    EXPECT_TRUE(absl::IsDeadlineExceeded(timeout)) << timeout;
    journal_.Write("timed out");
  });
  while (!::testing::Value(journal_.lines(), Contains("left"))) Advance(20);
  EXPECT_EQ(journal_.lines(), (std::vector<std::string>{"branch left", "continues", "branch left",
                                                        "timed out", "left"}));
}

Task<> SetAtItsEnd(coro::Slot<int>& slot) {
  const struct Setter {
    ~Setter() { slot.Set(1); }
    coro::Slot<int>& slot;
  } setter{slot};
  (co_await coro::Sleep(absl::Hours(1))).IgnoreError();
}

TEST_P(ClientStuckTest, ABranchThatIsDestroyedSetsASlot) {
  Start({}, coro::Handler([](coro::Session) -> Task<> { co_return; }));
  for (const bool waiter_first : {false, true}) {
    Run([&]() -> Task<> {
      coro::Session s = co_await AfterItsEnd();
      coro::Slot<int> slot;
      if (waiter_first) {
        (void)co_await coro::WhenAny(slot.Get(), SetAtItsEnd(slot), SendForEver(s));
      } else {
        (void)co_await coro::WhenAny(SetAtItsEnd(slot), slot.Get(), SendForEver(s));
      }
      ADD_FAILURE() << "has no result";
    });
    journal_.WaitFor("left");
    journal_.Clear();
    Settle();
  }
}

}  // namespace
}  // namespace weft
