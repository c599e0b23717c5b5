#include "examples/world/tick_times.h"

#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace weft::world {
namespace {

TEST(TickTimesTest, QuantilesOfTheLastTenSeconds) {
  TickTimes times;
  EXPECT_EQ(times.Quantile(0.99), absl::ZeroDuration());
  times.Add(absl::Seconds(9));  // forgotten below
  for (int i = 1; i <= 600; ++i) times.Add(absl::Milliseconds(i));
  EXPECT_EQ(times.Quantile(0), absl::Milliseconds(1));
  EXPECT_EQ(times.Quantile(0.99), absl::Milliseconds(594));
  EXPECT_EQ(times.Quantile(1), absl::Milliseconds(600));
}

}  // namespace
}  // namespace weft::world
