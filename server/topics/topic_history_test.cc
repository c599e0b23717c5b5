#include "weft/server/topics/topic_history.h"

#include <optional>

#include "gtest/gtest.h"

namespace weft {
namespace {

Position PositionAt(absl::string_view text) { return *Position::Parse(text); }

TEST(TopicStateTest, ContinuesInItsEpoch) {
  const TopicState state = {.position = PositionAt("b.7")};
  EXPECT_EQ(state.start(), PositionAt("b.0"));
  EXPECT_EQ(state.GapAfter(PositionAt("b.0")), std::nullopt);
  EXPECT_EQ(state.GapAfter(PositionAt("b.7")), std::nullopt);
  EXPECT_EQ(state.GapAfter(PositionAt("b.8")), GapReason::kAhead);
  EXPECT_EQ(state.GapAfter(PositionAt("a.3")), GapReason::kOtherEpoch);
  EXPECT_EQ(state.GapAfter(Position()), GapReason::kOtherEpoch);
}

TEST(TopicStateTest, ContinuesThePreviousEpochUpToItsEnd) {
  const TopicState state = {.position = PositionAt("b.7"), .previous_end = PositionAt("a.5")};
  EXPECT_EQ(state.start(), PositionAt("b.5"));
  EXPECT_EQ(state.GapAfter(PositionAt("a.0")), std::nullopt);
  EXPECT_EQ(state.GapAfter(PositionAt("a.5")), std::nullopt);
  EXPECT_EQ(state.GapAfter(PositionAt("a.6")), GapReason::kAhead);
  EXPECT_EQ(state.GapAfter(PositionAt("b.3")), std::nullopt);
  EXPECT_EQ(state.GapAfter(PositionAt("c.1")), GapReason::kOtherEpoch);
}

TEST(GapReasonTest, EachHasAName) {
  EXPECT_EQ(GapReasonName(GapReason::kTooOld), "too old");
  EXPECT_EQ(GapReasonName(GapReason::kOtherEpoch), "other epoch");
  EXPECT_EQ(GapReasonName(GapReason::kAhead), "ahead");
  EXPECT_EQ(GapReasonName(GapReason::kMissed), "missed");
  EXPECT_EQ(GapReasonName(GapReason::kOverfull), "overfull");
  EXPECT_EQ(GapReasonName(GapReason::kUnreadable), "unreadable");
}

}  // namespace
}  // namespace weft
