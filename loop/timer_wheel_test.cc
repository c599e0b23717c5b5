#include "weft/loop/timer_wheel.h"

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace weft {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class CallbackTimer : public Timer {
 public:
  explicit CallbackTimer(std::function<void()> callback) : callback_(std::move(callback)) {}

 private:
  void OnTimer() override { callback_(); }
  std::function<void()> callback_;
};

TEST(TimerWheelTest, FiresAtItsTimeAndOnce) {
  TimerWheel wheel(1000);
  int fired = 0;
  CallbackTimer timer([&] { ++fired; });
  wheel.Arm(&timer, 1500);
  EXPECT_TRUE(timer.armed());
  wheel.Advance(1499);
  EXPECT_EQ(fired, 0);
  wheel.Advance(1500 + TimerWheel::kTickMs);
  EXPECT_EQ(fired, 1);
  EXPECT_FALSE(timer.armed());
  wheel.Advance(100000);
  EXPECT_EQ(fired, 1);
}

TEST(TimerWheelTest, NeverEarlyAndAtMostATickLate) {
  for (int64_t deadline = 1000; deadline < 30000; deadline += 37) {
    TimerWheel wheel(1000);
    int64_t now = 1000, fired_at = 0;
    CallbackTimer timer([&] { fired_at = now; });
    wheel.Arm(&timer, deadline);
    while (fired_at == 0) {
      wheel.Advance(now);
      ++now;
    }
    EXPECT_GE(fired_at, deadline);
    EXPECT_LE(fired_at, deadline + TimerWheel::kTickMs);
  }
}

TEST(TimerWheelTest, ArmingAgainMovesIt) {
  TimerWheel wheel(0);
  int fired = 0;
  CallbackTimer timer([&] { ++fired; });
  wheel.Arm(&timer, 100);
  wheel.Arm(&timer, 60000);
  wheel.Advance(59000);
  EXPECT_EQ(fired, 0);
  wheel.Advance(61000);
  EXPECT_EQ(fired, 1);
}

TEST(TimerWheelTest, DisarmedAndDestroyedTimersDoNotFire) {
  TimerWheel wheel(0);
  int fired = 0;
  CallbackTimer disarmed([&] { ++fired; });
  auto destroyed = std::make_unique<CallbackTimer>([&] { ++fired; });
  wheel.Arm(&disarmed, 100);
  wheel.Arm(destroyed.get(), 100);
  wheel.Disarm(&disarmed);
  destroyed.reset();
  wheel.Advance(1000);
  EXPECT_EQ(fired, 0);
  EXPECT_EQ(wheel.NextMs(1000), -1);
}

TEST(TimerWheelTest, ACallbackMayArmDestroyAndDisarmOthersOfItsSlot) {
  TimerWheel wheel(0);
  std::vector<int> fired;
  auto third = std::make_unique<CallbackTimer>([&] { fired.push_back(3); });
  CallbackTimer second([&] { fired.push_back(2); });
  std::unique_ptr<CallbackTimer> first;
  first = std::make_unique<CallbackTimer>([&] {
    fired.push_back(1);
    wheel.Disarm(&second);
    third.reset();
    wheel.Arm(first.get(), 100);  // in the past: fires at the next tick, not in this one
  });
  wheel.Arm(first.get(), 100);
  wheel.Arm(&second, 100);
  wheel.Arm(third.get(), 100);
  wheel.Advance(112);
  EXPECT_THAT(fired, ElementsAre(1));
  wheel.Advance(112 + TimerWheel::kTickMs);
  EXPECT_THAT(fired, ElementsAre(1, 1));
}

TEST(TimerWheelTest, ATimerMayDestroyItself) {
  TimerWheel wheel(0);
  CallbackTimer* timer = nullptr;
  int fired = 0;
  timer = new CallbackTimer([&] {
    ++fired;
    delete std::exchange(timer, nullptr);
  });
  wheel.Arm(timer, 10);
  wheel.Advance(1000);
  EXPECT_EQ(fired, 1);
}

TEST(TimerWheelTest, LongPausesAndManyTimers) {
  TimerWheel wheel(0);
  std::vector<std::unique_ptr<CallbackTimer>> timers;
  int fired = 0;
  for (int i = 0; i < 10000; ++i) {
    timers.push_back(std::make_unique<CallbackTimer>([&] { ++fired; }));
    wheel.Arm(timers.back().get(), i * 10);  // up to 100 s
  }
  wheel.Advance(50000);
  EXPECT_NEAR(fired, 5000, 3);
  wheel.Advance(10000000);
  EXPECT_EQ(fired, 10000);
}

TEST(TimerWheelTest, NextMsIsWhenToLookAgain) {
  TimerWheel wheel(1000);
  EXPECT_EQ(wheel.NextMs(1000), -1);
  CallbackTimer timer([] {});
  wheel.Arm(&timer, 1500);
  const int64_t wait = wheel.NextMs(1000);
  EXPECT_GE(wait, 500);
  EXPECT_LE(wait, 500 + TimerWheel::kTickMs);
  EXPECT_EQ(wheel.NextMs(5000), 0);
  wheel.Advance(5000);
  EXPECT_EQ(wheel.NextMs(5000), -1);
  CallbackTimer far([] {});
  wheel.Arm(&far, 100000);
  for (int64_t now = 5000; far.armed(); now += wheel.NextMs(now)) wheel.Advance(now);
}

}  // namespace
}  // namespace weft
