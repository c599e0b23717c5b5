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

// Counts the changes of the running thread. A test of a race runs until there were many: on a busy
// core, a thread may otherwise be done before the next one begins.
class Turns {
 public:
  void Take(int thread) {
    if (last_.exchange(thread) != thread) ++count_;
  }
  bool enough() const { return count_ >= 200; }

 private:
  std::atomic<int> last_{0}, count_{0};
};

// One that is too large is asked for all the time, and small ones never fail because of it.
TEST(BudgetTest, T16_ARefusalDoesNotMakeOthersFail) {
  Budget budget(1000);
  Turns turns;
  std::atomic<bool> done{false};
  std::thread large([&] {
    bool taken = false;
    while (!done) {
      taken = budget.Take(1001) || taken;
      turns.Take(1);
    }
    EXPECT_FALSE(taken);
  });
  bool taken = true;
  for (int i = 0; taken && (i < 200000 || !turns.enough()); ++i) {
    taken = budget.Take(1000);
    EXPECT_TRUE(taken) << i;
    if (taken) budget.Return(1000);
    turns.Take(2);
  }
  done = true;
  large.join();
}

TEST(BudgetTest, NeverMoreThanItsLimitIsTaken) {
  Budget budget(3);
  Turns turns;
  std::atomic<int> holders{0}, most{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      for (int k = 0; k < 20000 || !turns.enough(); ++k) {
        if (budget.Take(1)) {
          if (const int now = ++holders; now > 3) most = now;
          --holders;
          budget.Return(1);
        }
        turns.Take(i);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(most, 3);
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
