#include "weft/loop/thread_pool.h"

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace weft {
namespace {

TEST(ThreadPoolTest, RunsEveryTaskBeforeItEnds) {
  std::atomic<int> ran{0};
  {
    const std::unique_ptr<ThreadPool> pool = *ThreadPool::Make(4);
    EXPECT_EQ(pool->size(), 4);
    for (int i = 0; i < 1000; ++i) pool->Schedule([&] { ++ran; });
  }
  EXPECT_EQ(ran, 1000);
}

TEST(ThreadPoolTest, OneThreadKeepsTheOrder) {
  std::vector<int> order;
  {
    const std::unique_ptr<ThreadPool> pool = *ThreadPool::Make(1);
    for (int i = 0; i < 100; ++i) pool->Schedule([&order, i] { order.push_back(i); });
  }
  for (int i = 0; i < 100; ++i) EXPECT_EQ(order[i], i);
}

// Each task waits for the other: the test ends only if both run at once.
TEST(ThreadPoolTest, TasksRunSideBySide) {
  std::mutex mutex;
  std::condition_variable changed;
  int arrived = 0;
  const std::unique_ptr<ThreadPool> pool = *ThreadPool::Make(2);
  for (int i = 0; i < 2; ++i) {
    pool->Schedule([&] {
      std::unique_lock<std::mutex> lock(mutex);
      ++arrived;
      changed.notify_all();
      changed.wait(lock, [&] { return arrived == 2; });
    });
  }
  std::unique_lock<std::mutex> lock(mutex);
  changed.wait(lock, [&] { return arrived == 2; });
}

TEST(ThreadPoolTest, TasksMayScheduleTasks) {
  std::atomic<int> ran{0};
  {
    const std::unique_ptr<ThreadPool> pool = *ThreadPool::Make(2);
    pool->Schedule([&] {
      for (int i = 0; i < 10; ++i) pool->Schedule([&] { ++ran; });
    });
  }
  EXPECT_EQ(ran, 10);
}

TEST(ThreadPoolTest, KnowsItsTasks) {
  const std::unique_ptr<ThreadPool> pool = *ThreadPool::Make(1), other = *ThreadPool::Make(1);
  EXPECT_FALSE(pool->IsCurrent());
  std::atomic<bool> its_own{false}, the_other_s{true}, waits{false};
  std::atomic<bool> go{false}, done{false};
  pool->Schedule([&] {
    while (!go) std::this_thread::yield();
    its_own = pool->IsCurrent();
    the_other_s = other->IsCurrent();
    waits = pool->has_waiting();
  });
  pool->Schedule([&] { done = true; });
  go = true;
  while (!done) std::this_thread::yield();
  EXPECT_TRUE(its_own);
  EXPECT_FALSE(the_other_s);
  EXPECT_TRUE(waits);
  EXPECT_FALSE(pool->has_waiting());
}

TEST(ThreadPoolTest, HasAtLeastOneThread) { EXPECT_EQ((*ThreadPool::Make(0))->size(), 1); }

}  // namespace
}  // namespace weft
