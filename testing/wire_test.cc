#include "weft/testing/wire.h"

#include "gtest/gtest.h"
#include "weft/testing/manual_clock.h"

namespace weft::testing {
namespace {

TEST(WireTest, CarriesBytesToTheEnd) {
  Wire wire;
  wire.Write("Hel");
  wire.Write("lo");
  wire.End();
  wire.Write("lost");
  EXPECT_FALSE(wire.at_end());
  EXPECT_EQ(wire.in_flight(), 5u);
  EXPECT_EQ(wire.Read(), "Hello");
  EXPECT_TRUE(wire.at_end());
  EXPECT_EQ(wire.Read(), "");
}

TEST(WireTest, Splits) {
  Wire wire;
  wire.SplitInto(2);
  wire.Write("abc");
  wire.Write("de");
  EXPECT_EQ(wire.Read(), "ab");
  EXPECT_EQ(wire.Read(), "cd");
  EXPECT_EQ(wire.Read(), "e");
}

TEST(WireTest, DelaysAndKeepsTheOrder) {
  ManualClock clock;
  Wire wire(&clock);
  wire.DelayBy(100);
  wire.Write("late ");
  wire.DelayBy(0);
  wire.Write("soon");
  clock.AdvanceMs(99);
  EXPECT_EQ(wire.Read(), "");
  clock.AdvanceMs(1);
  EXPECT_EQ(wire.Read(), "late soon");
}

TEST(WireTest, StallsAndResumes) {
  Wire wire;
  wire.Stall();
  wire.Write("Hello");
  wire.End();
  EXPECT_EQ(wire.Read(), "");
  EXPECT_FALSE(wire.at_end());
  wire.Resume();
  EXPECT_EQ(wire.Read(), "Hello");
}

TEST(WireTest, ResetLosesWhatWasNotRead) {
  Wire wire;
  wire.Write("Hello");
  wire.Reset();
  EXPECT_TRUE(wire.at_end());
  EXPECT_EQ(wire.Read(), "");
  EXPECT_EQ(wire.in_flight(), 0u);
}

}  // namespace
}  // namespace weft::testing
