#include "weft/loop/moment.h"

#include <cstdint>

#include "gtest/gtest.h"

namespace weft {
namespace {

constexpr int64_t kTurn = int64_t{1} << 32;

TEST(MomentTest, HowLongAgo) {
  for (const int64_t begin : {int64_t{1}, int64_t{1000}, kTurn - 1, kTurn + 1, 7 * kTurn + 123}) {
    const Moment moment(begin);
    EXPECT_TRUE(moment.is_set());
    for (const int64_t later : {int64_t{0}, int64_t{1}, int64_t{30000}, kTurn - 1}) {
      EXPECT_EQ(moment.MsAgo(begin + later), later) << begin;
    }
  }
}

// Beyond the range in which fewer bits would wrap around.
TEST(MomentTest, AtTheTurn) {
  for (const int64_t begin : {int64_t{0}, kTurn, 5 * kTurn}) {
    EXPECT_TRUE(Moment(begin).is_set());
    EXPECT_EQ(Moment(begin).MsAgo(begin), 0);
    EXPECT_EQ(Moment(begin).MsAgo(begin + 100), 100);
    EXPECT_EQ(Moment(begin).MsAgo(begin + 3 * kTurn), 3 * kTurn);
  }
}

TEST(MomentTest, Order) {
  for (const int64_t begin : {int64_t{1000}, kTurn - 5, kTurn + 1000}) {
    EXPECT_TRUE(Moment(begin + 10).IsAfter(Moment(begin))) << begin;
    EXPECT_FALSE(Moment(begin).IsAfter(Moment(begin + 10)));
    EXPECT_FALSE(Moment(begin).IsAfter(Moment(begin)));
    EXPECT_FALSE(Moment().IsAfter(Moment(begin)));
    EXPECT_TRUE(Moment(begin + kTurn).IsAfter(Moment(begin)));
    EXPECT_FALSE(Moment(begin).IsAfter(Moment(begin + kTurn / 2 + 1)));
  }
  EXPECT_FALSE(Moment().is_set());
  EXPECT_FALSE(Moment().IsAfter(Moment()));
}

}  // namespace
}  // namespace weft
