#include "weft/cluster/testing/topic_log.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace weft::testing {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const Epoch kFirst = Epoch::FromNumber(1), kSecond = Epoch::FromNumber(2);

std::vector<std::string> Faults(const TopicLog& log) {
  std::vector<std::string> faults;
  log.Check([&](const std::string& text) { faults.push_back(text); });
  return faults;
}

TopicLog::Entry Event(TopicEvent::Type type, Position position, GapReason reason = {}) {
  return {.position = position,
          .event = TopicEvent{.type = type, .position = position, .reason = reason}};
}

// One node has both messages; Redis was restarted after the second one.
TopicLog Good() {
  TopicLog log;
  log.See({.position = {kFirst, 0}});
  log.See({.position = {kSecond, 2}, .previous_end = {kFirst, 2}});
  log.acknowledged["a"] = {kFirst, 1};
  log.kept = {{{kSecond, 1}, "a"}, {{kSecond, 2}, "b"}, {{kSecond, 3}, "c"}};
  log.nodes[0] = {Event(TopicEvent::Type::kJoined, {kFirst, 0}),
                  {.position = {kFirst, 1}, .payload = "a"},
                  {.position = {kFirst, 2}, .payload = "b"},
                  {.position = {kSecond, 3}, .payload = "c"}};
  return log;
}

TEST(TopicLogTest, APositionIsTheSameMessageInBothEpochs) {
  EXPECT_THAT(Faults(Good()), IsEmpty());
  const TopicLog::Sums sums = Good().Check([](const std::string&) {});
  EXPECT_EQ(sums.stored, 3u);
  EXPECT_EQ(sums.delivered, 3u);
}

// The session was at another node before, which has received more. Redis has forgotten "b".
TEST(TopicLogTest, AGapAheadBeforeTheNextEpochBegins) {
  TopicLog log = Good();
  log.epochs[1].previous_end.offset = 1;
  log.epochs[1].position.offset = 1;
  log.kept = {{{kSecond, 1}, "a"}, {{kSecond, 2}, "c"}};
  log.nodes[0].back().position = {kSecond, 2};
  const auto gap = log.nodes[0].end() - 1;
  log.nodes[0].insert(gap, Event(TopicEvent::Type::kGap, {kFirst, 1}, GapReason::kAhead));
  EXPECT_THAT(Faults(log), IsEmpty());
  log.kept = {{{kSecond, 1}, "a"}, {{kSecond, 2}, "b"}, {{kSecond, 3}, "c"}};
  log.epochs[1].previous_end.offset = log.epochs[1].position.offset = 2;
  log.nodes[0].back().position = {kSecond, 3};
  EXPECT_THAT(Faults(log), Contains(HasSubstr("no gap ahead without a reason")))
      << "Redis has forgotten nothing";
}

TEST(TopicLogTest, TwoPayloadsAtOnePosition) {
  TopicLog log = Good();
  log.acknowledged["other"] = {kFirst, 2};
  EXPECT_THAT(Faults(log), Contains(HasSubstr("two payloads at")));
}

TEST(TopicLogTest, APayloadAtTwoPositions) {
  TopicLog log = Good();
  log.acknowledged["a"] = {kSecond, 4};
  EXPECT_THAT(Faults(log), Contains("a was published again"));
}

TEST(TopicLogTest, AnEpochThatNoStateHas) {
  TopicLog log = Good();
  log.epochs.pop_back();
  EXPECT_THAT(Faults(log), Contains(HasSubstr("no state has the epoch")));
}

TEST(TopicLogTest, AnAcknowledgedMessageThatDoesNotArrive) {
  TopicLog log = Good();
  log.acknowledged["d"] = {kSecond, 4};
  EXPECT_THAT(Faults(log), Contains(HasSubstr("delivers d")));
}

TEST(TopicLogTest, AHistoryThatWasDeleted) {
  TopicLog log = Good();
  log.nodes[0].erase(log.nodes[0].begin() + 1, log.nodes[0].end());
  log.nodes[0].push_back(Event(TopicEvent::Type::kGap, {kSecond, 3}, GapReason::kTooOld));
  log.nodes[0].back().event->missed = 3;
  EXPECT_THAT(Faults(log), Contains(HasSubstr("no gap too old without a reason")));
  log.trimmed = {{kSecond, 3}};
  EXPECT_THAT(Faults(log), IsEmpty());
}

TEST(TopicLogTest, AReadThatWasGivenUpIsAReasonWhereReadsMayFail) {
  TopicLog log = Good();
  log.nodes[0].back() = Event(TopicEvent::Type::kGap, {kSecond, 3}, GapReason::kUnreadable);
  EXPECT_THAT(Faults(log), Contains(HasSubstr("no gap unreadable without a reason")));
  log.reads_may_fail = true;
  EXPECT_THAT(Faults(log), IsEmpty());
}

}  // namespace
}  // namespace weft::testing
