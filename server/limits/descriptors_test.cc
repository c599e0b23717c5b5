#include "weft/server/limits/descriptors.h"

#include <sys/resource.h>

#include <cstdint>
#include <limits>

#include "gtest/gtest.h"

namespace weft {
namespace {

TEST(DescriptorsTest, TheSoftLimitIsRaisedToTheHardOne) {
  rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit low = before;
  low.rlim_cur = 64;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
  EXPECT_EQ(internal::DescriptorWatch().limit(), 64u);
  const absl::StatusOr<uint64_t> limit = RaiseDescriptorLimit();
  ASSERT_TRUE(limit.ok()) << limit.status();
  EXPECT_EQ(*limit, before.rlim_max);
  rlimit now;
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &now), 0);
  EXPECT_EQ(now.rlim_cur, before.rlim_max);
  EXPECT_EQ(now.rlim_max, before.rlim_max);
  EXPECT_EQ(internal::DescriptorWatch().limit(), before.rlim_max);
  setrlimit(RLIMIT_NOFILE, &before);
}

TEST(DescriptorsTest, TheLastFifthIsReachedOnce) {
  internal::DescriptorWatch watch(100);
  EXPECT_FALSE(watch.Reaches(3));
  EXPECT_FALSE(watch.Reaches(79));
  EXPECT_TRUE(watch.Reaches(80));
  EXPECT_FALSE(watch.Reaches(99));
  EXPECT_FALSE(watch.Reaches(80));
}

TEST(DescriptorsTest, WithoutALimitItIsNeverReached) {
  internal::DescriptorWatch watch(std::numeric_limits<uint64_t>::max());
  EXPECT_FALSE(watch.Reaches(std::numeric_limits<int>::max()));
}

}  // namespace
}  // namespace weft
