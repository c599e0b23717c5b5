#include "weft/bench/engine/rate_schedule.h"

#include <cstdint>

#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace weft::bench {
namespace {

constexpr int64_t kSecond = 1000000000;

TEST(RateScheduleTest, EvenlyFromTheStart) {
  const RateSchedule schedule(4);
  EXPECT_EQ(schedule.Due(0), 0);
  EXPECT_EQ(schedule.Due(1), kSecond / 4);
  EXPECT_EQ(schedule.Due(4000), 1000 * kSecond);
}

TEST(RateScheduleTest, ARateBelowOneASecond) {
  EXPECT_EQ(RateSchedule(0.125).Due(3), 24 * kSecond);
}

TEST(RateScheduleTest, TheRateGrowsDuringTheRampUp) {
  // 50 messages in the ten seconds, of which a quarter in the first half.
  const RateSchedule schedule(10, absl::Seconds(10));
  EXPECT_EQ(schedule.Due(0), 0);
  EXPECT_NEAR(static_cast<double>(schedule.Due(12)), 4.899e9, 1e6);
  EXPECT_EQ(schedule.Due(50), 10 * kSecond);
  EXPECT_EQ(schedule.Due(60), 11 * kSecond);
}

TEST(RateScheduleTest, NothingIsDueBeforeTheMessageBeforeIt) {
  const RateSchedule schedule(777, absl::Milliseconds(1500));
  for (uint64_t number = 0; number < 5000; ++number) {
    EXPECT_LE(schedule.Due(number), schedule.Due(number + 1)) << number;
  }
}

TEST(RateScheduleTest, ADayLaterItIsStillExact) {
  const RateSchedule schedule(1000);
  EXPECT_EQ(schedule.Due(86400 * uint64_t{1000}), 86400 * kSecond);
}

}  // namespace
}  // namespace weft::bench
