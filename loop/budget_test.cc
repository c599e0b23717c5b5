#include "weft/loop/budget.h"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <future>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "weft/transport/deadline.h"

namespace weft {
namespace {

TEST(BudgetTest, TakesWhatIsLeftAndNoMore) {
  Budget budget(100);
  EXPECT_TRUE(budget.Take(60));
  EXPECT_FALSE(budget.Take(41));
  EXPECT_FALSE(budget.Take(SIZE_MAX)) << "sums do not overflow";
  EXPECT_EQ(budget.taken(), 60u) << "a refused request changes nothing";
  EXPECT_TRUE(budget.Take(40));
  EXPECT_FALSE(budget.Take(1));
  EXPECT_TRUE(budget.Take(0));
  budget.Return(100);
  EXPECT_EQ(budget.taken(), 0u);
}

// Bytes in use are counted even beyond the limit; then others get none.
TEST(BudgetTest, AddsWhatIsInUse) {
  Budget budget(100);
  EXPECT_TRUE(budget.Add(100));
  EXPECT_FALSE(budget.Add(20));
  EXPECT_FALSE(budget.HasRoom(0));
  EXPECT_FALSE(budget.Take(0));
  budget.Return(30);
  EXPECT_TRUE(budget.HasRoom(10));
  EXPECT_FALSE(budget.HasRoom(11));
}

TEST(BudgetTest, LeavesHeadroomForWhatIsInUse) {
  Budget budget;
  budget.set_limit(100, 10);
  EXPECT_EQ(budget.most_taken(), 90u);
  EXPECT_FALSE(budget.Take(91));
  EXPECT_TRUE(budget.Take(90));
  EXPECT_TRUE(budget.Add(10));
  EXPECT_FALSE(budget.Add(1));
}

TEST(BudgetTest, AReservationIsGivenBackOnce) {
  Budget budget(100);
  ASSERT_TRUE(budget.Take(70));
  {
    auto first = std::make_unique<Reservation>(&budget, 70);
    const Reservation second = std::move(*first);
    first.reset();
    EXPECT_EQ(budget.taken(), 70u);
  }
  EXPECT_EQ(budget.taken(), 0u);
}

// A request that is too large is repeated all the time, and small ones never fail because of it.
TEST(BudgetTest, T16_ARefusalDoesNotMakeOthersFail) {
  Budget budget(1000);
  std::atomic<bool> done{false};
  std::thread large([&] {
    while (!done) EXPECT_FALSE(budget.Take(1001));
  });
  for (int i = 0; i < 200000; ++i) {
    ASSERT_TRUE(budget.Take(1000)) << i;
    budget.Return(1000);
  }
  done = true;
  large.join();
}

TEST(BudgetTest, NeverMoreThanItsLimitIsTaken) {
  Budget budget(3);
  std::atomic<int> holders{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 20000; ++k) {
        if (!budget.Take(1)) continue;
        EXPECT_LE(++holders, 3);
        --holders;
        budget.Return(1);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(budget.taken(), 0u);
}

// Each waits for the bytes that the other returns: a lost wake-up blocks this test forever.
TEST(BudgetTest, T6_WhoeverGivesBackWakesWhoeverWaits) {
  Budget budget(1);
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 20000; ++k) {
        while (!budget.Take(1)) {
          EXPECT_TRUE(budget.waiters().Wait(Deadline::Never(), [&] { return budget.HasRoom(1); }));
        }
        budget.Return(1);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(budget.waiters().count(), 0);
}

// Without the wake-up, the thread would check again only at its deadline, which is long after the
// test's timeout.
TEST(BudgetTest, WhoGivesBackWakesWhoWaits) {
  Budget budget(1);
  ASSERT_TRUE(budget.Take(1));
  const std::future<bool> waiter = std::async(std::launch::async, [&] {
    return budget.waiters().Wait(Deadline::After(absl::Seconds(20)),
                                 [&] { return budget.HasRoom(1); });
  });
  while (budget.waiters().count() == 0) std::this_thread::yield();
  budget.Return(1);
  EXPECT_EQ(waiter.wait_for(std::chrono::seconds(10)), std::future_status::ready);
}

// A wake-up between the check of the condition and the sleep would be lost.
TEST(WaitersTest, AWakeUpWaitsUntilTheWaiterSleeps) {
  Waiters waiters;
  std::atomic<bool> changed{false};
  std::future<void> wake;
  const auto ready = [&] {
    if (wake.valid()) return changed.load();
    wake = std::async(std::launch::async, [&] {
      changed = true;
      waiters.Wake();
    });
    EXPECT_EQ(wake.wait_for(std::chrono::milliseconds(50)), std::future_status::timeout)
        << "the wake-up came before the sleep";
    return false;
  };
  EXPECT_TRUE(waiters.Wait(Deadline::After(absl::Seconds(10)), ready));
}

TEST(BudgetTest, WaitsNoLongerThanItsDeadline) {
  Budget budget(1);
  ASSERT_TRUE(budget.Take(1));
  const auto has_room = [&] { return budget.HasRoom(1); };
  EXPECT_FALSE(budget.waiters().Wait(Deadline::After(absl::ZeroDuration()), has_room));
  EXPECT_FALSE(budget.waiters().Wait(Deadline::After(absl::Milliseconds(5)), has_room));
  budget.Return(1);
  EXPECT_TRUE(budget.waiters().Wait(Deadline::After(absl::ZeroDuration()), has_room));
}

}  // namespace
}  // namespace weft
