#include "weft/loop/deadline_queue.h"

#include <memory>
#include <string>
#include <utility>

#include "gtest/gtest.h"

namespace weft {
namespace {

// The values due at `now_ms`.
std::string Due(DeadlineQueue<std::string>& queue, int64_t now_ms) {
  std::string due;
  while (auto node = queue.TakeDue(now_ms)) due += node.mapped() + " ";
  return due;
}

TEST(DeadlineQueueTest, InTheOrderOfDeadlines) {
  DeadlineQueue<std::string> queue;
  EXPECT_EQ(queue.next_ms(), DeadlineQueue<std::string>::kNever);
  queue.Add(30, "c");
  queue.Add(10, "a");
  queue.Add(20, "b");
  EXPECT_EQ(queue.next_ms(), 10);
  EXPECT_EQ(Due(queue, 9), "");
  EXPECT_EQ(Due(queue, 20), "a b ");
  EXPECT_EQ(queue.next_ms(), 30);
  queue.Add(5, "late");
  EXPECT_EQ(Due(queue, 1000), "late c ");
  EXPECT_EQ(queue.size(), 0u);
}

TEST(DeadlineQueueTest, EqualDeadlinesInTheOrderOfTheCalls) {
  DeadlineQueue<std::string> queue;
  for (const char* value : {"1", "2", "3", "4"}) queue.Add(10, value);
  EXPECT_EQ(Due(queue, 10), "1 2 3 4 ");
}

TEST(DeadlineQueueTest, RemovesOnce) {
  DeadlineQueue<std::string> queue;
  const DeadlineKey first = queue.Add(10, "1"), second = queue.Add(10, "2");
  EXPECT_NE(first, second);
  EXPECT_EQ(queue.Remove(first).mapped(), "1");
  EXPECT_TRUE(queue.Remove(first).empty());
  EXPECT_TRUE(queue.Remove(DeadlineKey()).empty());
  EXPECT_EQ(Due(queue, 10), "2 ");
  EXPECT_TRUE(queue.Remove(second).empty());
}

TEST(DeadlineQueueTest, KeysStayUniqueWhenAllIsTakenOut) {
  DeadlineQueue<std::unique_ptr<int>> queue;
  const DeadlineKey key = queue.Add(10, std::make_unique<int>(1));
  EXPECT_EQ(queue.TakeAll().size(), 1u);
  queue.Add(10, std::make_unique<int>(2));
  EXPECT_TRUE(queue.Remove(key).empty());
  EXPECT_EQ(*queue.TakeDue(10).mapped(), 2);
}

}  // namespace
}  // namespace weft
