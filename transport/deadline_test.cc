#include "weft/transport/deadline.h"

#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace weft {
namespace {

TEST(DeadlineTest, NeverLeavesForEver) {
  EXPECT_EQ(Deadline::Never().Remaining(), absl::InfiniteDuration());
  EXPECT_TRUE(Deadline::After(absl::InfiniteDuration()).is_never());
}

TEST(DeadlineTest, TimeoutsTooLongForTheClockAreNever) {
  EXPECT_TRUE(Deadline::After(absl::Hours(24 * 365 * 1000)).is_never());
  EXPECT_FALSE(Deadline::After(absl::Hours(24 * 365 * 99)).is_never());
}

TEST(DeadlineTest, ZeroAndLessHavePassed) {
  for (absl::Duration timeout :
       {absl::ZeroDuration(), absl::Seconds(-1), -absl::InfiniteDuration()}) {
    EXPECT_EQ(Deadline::After(timeout).Remaining(), absl::ZeroDuration());
    EXPECT_TRUE(Deadline::After(timeout).HasPassed());
  }
}

TEST(DeadlineTest, RemainingIsAtMostTheTimeout) {
  const absl::Duration remaining = Deadline::After(absl::Hours(1)).Remaining();
  EXPECT_GT(remaining, absl::ZeroDuration());
  EXPECT_LE(remaining, absl::Hours(1));
  EXPECT_FALSE(Deadline::After(absl::Hours(1)).HasPassed());
  EXPECT_FALSE(Deadline::Never().HasPassed());
}

TEST(DeadlineTest, TheEarlierIsLess) {
  const Deadline soon = Deadline::After(absl::Seconds(1));
  EXPECT_LT(soon, Deadline::After(absl::Hours(1)));
  EXPECT_LT(soon, Deadline::Never());
}

}  // namespace
}  // namespace weft
