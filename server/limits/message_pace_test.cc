#include "weft/server/limits/message_pace.h"

#include "gtest/gtest.h"

namespace weft {
namespace {

TEST(MessagePaceTest, StartsAndStops) {
  MessagePace pace;
  EXPECT_FALSE(pace.started());
  pace.StartStretch(1000, 0);
  EXPECT_TRUE(pace.started());
  EXPECT_EQ(pace.since().MsAgo(1500), 500);
  pace.Stop();
  EXPECT_FALSE(pace.started());
}

TEST(MessagePaceTest, AStretchLastsForTheGrace) {
  MessagePace pace;
  pace.StartStretch(1000, 0);
  EXPECT_FALSE(pace.HasLasted(10999, 10000));
  EXPECT_TRUE(pace.HasLasted(11000, 10000));
}

TEST(MessagePaceTest, OnlyTheBytesOfTheStretchCount) {
  MessagePace pace;
  pace.StartStretch(0, 5000);
  EXPECT_TRUE(pace.IsBelow(10000, 5000, 100)) << "none came";
  EXPECT_TRUE(pace.IsBelow(10000, 5999, 100));
  EXPECT_FALSE(pace.IsBelow(10000, 6000, 100));
  EXPECT_TRUE(pace.IsBelow(10000, 200, 100)) << "fewer than before";
  EXPECT_FALSE(pace.IsBelow(999, 5000, 100)) << "less than a second";
}

}  // namespace
}  // namespace weft
