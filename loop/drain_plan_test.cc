#include "weft/loop/drain_plan.h"

#include <cstdint>
#include <random>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace weft {
namespace {

using ::testing::ElementsAre;

std::function<double()> Always(double value) {
  return [value] { return value; };
}

// The moments at which each of this number of sessions is closed, checked at every millisecond.
std::vector<int64_t> Moments(size_t sessions, int64_t begin_ms, int64_t over_ms,
                             const std::function<double()>& random) {
  DrainPlan plan(sessions, begin_ms, over_ms, random);
  std::vector<int64_t> moments;
  for (int64_t now = begin_ms; now <= plan.end_ms(); ++now) {
    for (; plan.IsDue(sessions, now); --sessions) moments.push_back(now);
    EXPECT_TRUE(plan.NextMs() > now || sessions == 0);
  }
  EXPECT_EQ(sessions, 0u) << "all are asked by the end";
  return moments;
}

TEST(DrainPlanTest, EachHasASlot) {
  EXPECT_THAT(Moments(5, 1000, 10000, Always(0)), ElementsAre(1000, 3000, 5000, 7000, 9000));
  EXPECT_THAT(Moments(5, 1000, 10000, Always(0.5)), ElementsAre(2000, 4000, 6000, 8000, 10000));
  EXPECT_THAT(Moments(1, 0, 4000, Always(0.75)), ElementsAre(3000));
}

TEST(DrainPlanTest, MoreThanThereAreMilliseconds) {
  const std::vector<int64_t> moments = Moments(100000, 0, 5000, Always(0.999));
  ASSERT_EQ(moments.size(), 100000u);
  for (size_t i = 0; i < moments.size(); ++i) ASSERT_NEAR(moments[i], i / 20.0, 1.1) << i;
}

TEST(DrainPlanTest, AtOnce) { EXPECT_THAT(Moments(3, 7, 0, Always(0.5)), ElementsAre(7, 7, 7)); }

TEST(DrainPlanTest, NobodyIsLeft) {
  DrainPlan plan(0, 1000, 5000, Always(0.5));
  EXPECT_FALSE(plan.IsDue(0, 2000));
  EXPECT_EQ(plan.NextMs(), 6000);
}

// A late call closes all sessions that were due meanwhile.
TEST(DrainPlanTest, CatchesUp) {
  DrainPlan plan(10, 0, 10000, Always(0));
  size_t left = 10;
  while (plan.IsDue(left, 4500)) --left;
  EXPECT_EQ(left, 5u);
  EXPECT_EQ(plan.NextMs(), 5000);
}

TEST(DrainPlanTest, WhoLeavesByItselfLeavesItsTimeToTheOthers) {
  DrainPlan plan(100, 0, 10000, Always(0));
  EXPECT_TRUE(plan.IsDue(100, 0));  // 99 are left, and then only 4 of those
  EXPECT_EQ(plan.NextMs(), 100);
  EXPECT_TRUE(plan.IsDue(4, 100));
  EXPECT_NEAR(plan.NextMs(), 200, 1);
  EXPECT_TRUE(plan.IsDue(3, 200));
  EXPECT_NEAR(plan.NextMs(), 200 + 9800 / 3, 2);
}

// With real randomness: each fifth of the period gets a fifth of them, and the order is random too.
TEST(DrainPlanTest, IsEven) {
  std::minstd_rand engine(7);
  std::uniform_real_distribution<double> fraction;
  const auto random = [&] { return fraction(engine); };
  std::vector<int> fifths(5);
  for (const int64_t moment : Moments(5000, 0, 5000, random)) ++fifths[moment / 1001];
  for (const int count : fifths) EXPECT_NEAR(count, 1000, 10);

  DrainPlan plan(1, 0, 1, random);
  std::vector<int> chosen(5);
  for (int i = 0; i < 5000; ++i) ++chosen.at(plan.Choose(5));
  for (const int count : chosen) EXPECT_NEAR(count, 1000, 150);
}

}  // namespace
}  // namespace weft
