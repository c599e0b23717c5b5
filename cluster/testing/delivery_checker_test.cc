#include "weft/cluster/testing/delivery_checker.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"

namespace weft::testing {
namespace {

Position At(absl::string_view text) { return *Position::Parse(text); }

// A node joined a.0; the store has a.1 to a.3.
class DeliveryCheckerTest : public ::testing::Test {
 protected:
  DeliveryCheckerTest() {
    checker_.Began(At("a.0").epoch);
    checker_.Reported(0, {.type = TopicEvent::Type::kJoined, .position = At("a.0")});
    for (const absl::string_view position : {"a.1", "a.2", "a.3"}) Store(position);
  }

  void Store(absl::string_view position) { checker_.Stored(At(position), position); }
  void Deliver(absl::string_view position, absl::string_view payload = "") {
    checker_.Delivered(0, At(position), payload.empty() ? position : payload);
  }
  void Gap(absl::string_view position, GapReason reason,
           std::optional<uint64_t> missed = std::nullopt) {
    checker_.Reported(0, {.type = TopicEvent::Type::kGap,
                          .position = At(position),
                          .reason = reason,
                          .missed = missed});
  }
  void Resumed(size_t node, absl::string_view position) {
    checker_.Reported(node, {.type = TopicEvent::Type::kResumed, .position = At(position)});
  }
  void ExpectFailure(absl::string_view rule) {
    ASSERT_EQ(failures_.size(), 1u);
    EXPECT_TRUE(absl::StrContains(failures_[0], rule)) << failures_[0];
    failures_.clear();
  }
  void TearDown() override { EXPECT_EQ(failures_, std::vector<std::string>{}); }

  std::vector<std::string> failures_;
  DeliveryChecker checker_{[this](const std::string& text) { failures_.push_back(text); }};
};

TEST_F(DeliveryCheckerTest, AllInOrder) {
  Deliver("a.1");
  Deliver("a.2");
  Deliver("a.3");
  checker_.CheckComplete(0);
}

TEST_F(DeliveryCheckerTest, SeesAHole) {
  Deliver("a.1");
  Deliver("a.3");
  ExpectFailure("left out");
}

TEST_F(DeliveryCheckerTest, SeesAMissingEnd) {
  Deliver("a.1");
  Deliver("a.2");
  checker_.CheckComplete(0);
  ExpectFailure("delivers a.3");
}

TEST_F(DeliveryCheckerTest, SeesADuplicate) {
  Deliver("a.1");
  Deliver("a.1");
  ExpectFailure("once and in order");
}

TEST_F(DeliveryCheckerTest, SeesAnotherPayload) {
  Deliver("a.1", "other");
  ExpectFailure("one payload");
}

TEST_F(DeliveryCheckerTest, AGapExplainsAHole) {
  checker_.Trimmed(1);
  Gap("a.2", GapReason::kTooOld, 2);
  Deliver("a.3");
  EXPECT_EQ(checker_.gaps(), 1u);
}

TEST_F(DeliveryCheckerTest, SeesAGapBeforeMessagesThatAreKept) {
  Deliver("a.1");
  checker_.Trimmed(1);
  Gap("a.2", GapReason::kTooOld, 1);
  ExpectFailure("no gap too old without a reason");
}

TEST_F(DeliveryCheckerTest, SeesAWrongCount) {
  checker_.Trimmed(3);
  Gap("a.3", GapReason::kTooOld, 2);
  ExpectFailure("counts what is missing");
}

TEST_F(DeliveryCheckerTest, OnlyAReadThatWasGivenUpIsUnreadable) {
  checker_.ReadDone(0, false);
  Gap("a.1", GapReason::kUnreadable);
  Gap("a.1", GapReason::kUnreadable);
  checker_.ReadDone(0, true);
  Gap("a.2", GapReason::kUnreadable);
  ExpectFailure("no gap unreadable without a reason");
}

TEST_F(DeliveryCheckerTest, AToldNodeMayMissTheEndThatItWasToldOf) {
  checker_.ReadDone(0, false);
  Gap("a.1", GapReason::kUnreadable);
  checker_.CheckComplete(0);
  Store("a.4");
  checker_.CheckComplete(0);
  ExpectFailure("delivers a.4");
}

TEST_F(DeliveryCheckerTest, SeesAWrongReason) {
  Gap("a.0", GapReason::kOtherEpoch);
  ExpectFailure("no gap other epoch without a reason");
  Gap("a.0", GapReason::kAhead);
  ExpectFailure("no gap ahead without a reason");
}

TEST_F(DeliveryCheckerTest, ResumesWhereItWas) {
  Deliver("a.1");
  Resumed(0, "a.1");
  Resumed(1, "a.2");
  EXPECT_EQ(checker_.gaps(), 0u);
  Resumed(0, "a.2");
  ExpectFailure("resumes where it was");
  checker_.Restarted(At("b.0").epoch, 1);
  Resumed(2, "a.3");
  ExpectFailure("resumes after what the store has");
}

TEST_F(DeliveryCheckerTest, SeesANeedlessGap) {
  Deliver("a.1");
  Gap("a.1", GapReason::kTooOld, 0);
  ExpectFailure("without a reason");
}

TEST_F(DeliveryCheckerTest, SeesAGapThatLeadsBack) {
  Deliver("a.1");
  Gap("a.0", GapReason::kAhead);
  ASSERT_EQ(failures_.size(), 2u);
  failures_.erase(failures_.begin() + 1);
  ExpectFailure("lead back");
}

// To a node that has not had the last messages of the epoch, and does not know the next one.
TEST_F(DeliveryCheckerTest, AGapMayLeadBackOverForgottenMessages) {
  Deliver("a.1");
  Deliver("a.2");
  checker_.Restarted(At("b.0").epoch, 0);
  Gap("a.1", GapReason::kAhead);
  Gap("b.0", GapReason::kAhead);
  checker_.CheckComplete(0);
}

TEST_F(DeliveryCheckerTest, LineageContinuesWithoutForgottenMessages) {
  Deliver("a.1");
  checker_.Restarted(At("b.0").epoch, 1);
  Store("b.2");
  Deliver("b.2");
  checker_.CheckComplete(0);
}

TEST_F(DeliveryCheckerTest, SeesTheMissingGapOfANodeThatWasPastTheEnd) {
  Deliver("a.1");
  Deliver("a.2");
  checker_.Restarted(At("b.0").epoch, 1);
  Store("b.2");
  Deliver("b.2");
  ExpectFailure("forgotten the last message");
}

TEST_F(DeliveryCheckerTest, SeesAQuietNodeThatIsPastTheEnd) {
  Deliver("a.1");
  Deliver("a.2");
  checker_.Restarted(At("b.0").epoch, 1);
  checker_.CheckComplete(0, /*has_seen_store=*/false);
  checker_.CheckComplete(0);
  ExpectFailure("in the end a gap");
}

TEST_F(DeliveryCheckerTest, TheGapOfANodeThatWasPastTheEnd) {
  Deliver("a.1");
  Deliver("a.2");
  checker_.Restarted(At("b.0").epoch, 1);
  Store("b.2");
  Gap("b.1", GapReason::kAhead);
  Deliver("b.2");
  checker_.CheckComplete(0);
}

TEST_F(DeliveryCheckerTest, OldMessagesHaveAPositionInTheNewEpochToo) {
  checker_.Restarted(At("b.0").epoch, 2);
  Deliver("b.1", "a.1");
  Deliver("a.2");
  Store("b.3");
  Deliver("b.3");
}

TEST_F(DeliveryCheckerTest, SeesTheMissingGapOfAnEmptiedTopic) {
  Deliver("a.1");
  checker_.Began(At("b.0").epoch);
  Store("b.1");
  Deliver("b.1");
  ASSERT_EQ(failures_.size(), 2u) << "a.2 and a.3";
  failures_.clear();
}

}  // namespace
}  // namespace weft::testing
