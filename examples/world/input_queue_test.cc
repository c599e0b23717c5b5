#include "examples/world/input_queue.h"

#include <cstdint>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace weft::world {
namespace {

Input Go(uint8_t number, bool act = false) {
  return {number, {.move_x = static_cast<int8_t>(number), .act = act}};
}

// The number and ticks after each of this many ticks.
std::vector<std::pair<int, int>> Next(InputQueue& queue, int ticks) {
  std::vector<std::pair<int, int>> seen;
  for (int i = 0; i < ticks; ++i) {
    queue.Next();
    seen.emplace_back(queue.number(), queue.ticks());
  }
  return seen;
}

using Seen = std::vector<std::pair<int, int>>;

TEST(InputQueueTest, StandsStillUntilSomethingIsSaid) {
  InputQueue queue;
  EXPECT_EQ(queue.Next(), Controls{});
  EXPECT_EQ(queue.number(), 0);
}

TEST(InputQueueTest, EachInputIsForThreeTicks) {
  InputQueue queue;
  queue.Push(Go(1));
  queue.Push(Go(2));
  EXPECT_EQ(Next(queue, 6), (Seen{{1, 1}, {1, 2}, {1, 3}, {2, 1}, {2, 2}, {2, 3}}));
}

TEST(InputQueueTest, TheLastGoesOnWhenTheNextIsLateAndThatIsTakenOffTheLateOne) {
  InputQueue queue;
  queue.Push(Go(1));
  EXPECT_EQ(Next(queue, 4), (Seen{{1, 1}, {1, 2}, {1, 3}, {1, 3}}));
  EXPECT_EQ(queue.Next().move_x, 1);  // the second that was too late
  queue.Push(Go(2));
  queue.Push(Go(3));
  EXPECT_EQ(Next(queue, 2), (Seen{{2, 3}, {3, 1}}));
}

TEST(InputQueueTest, StandsStillWhenNothingComes) {
  InputQueue queue;
  queue.Push(Go(100));
  Next(queue, 3 + kTicksPerSecond / 5);
  EXPECT_EQ(queue.Next().move_x, 0);
}

TEST(InputQueueTest, ActsOnce) {
  InputQueue queue;
  queue.Push(Go(1, true));
  EXPECT_TRUE(queue.Next().act);
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(queue.Next().act);
}

TEST(InputQueueTest, WhenTooManyWaitTheOldestAreLeftOutButNotTheirThrow) {
  InputQueue queue;
  queue.Push(Go(1, true));
  for (uint8_t number = 2; number <= 10; ++number) queue.Push(Go(number));
  const Controls next = queue.Next();
  EXPECT_EQ(queue.number(), 8);
  EXPECT_TRUE(next.act);
}

}  // namespace
}  // namespace weft::world
