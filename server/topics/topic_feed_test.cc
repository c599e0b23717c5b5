#include "weft/server/topics/topic_feed.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "weft/core/encoded_message.h"
#include "weft/core/frame/opcode.h"

namespace weft {
namespace {

using Lines = std::vector<std::string>;
using Keeps = TopicFeed::Keeps;

Position At(absl::string_view text) { return *Position::Parse(text); }

// A message whose payload is its position.
TopicMessage Message(absl::string_view position) {
  return {.message = *EncodedMessage::Make(Opcode::kText, position), .position = At(position)};
}

TopicMessage Unnumbered(absl::string_view payload) {
  return {.message = *EncodedMessage::Make(Opcode::kText, payload)};
}

TopicMessage Numbered(absl::string_view epoch, uint64_t offset) {
  TopicMessage message = Unnumbered("x");
  message.position = {.epoch = *Epoch::Parse(epoch), .offset = offset};
  return message;
}

class TopicFeedTest : public ::testing::Test, public TopicFeed::Output {
 protected:
  void Deliver(TopicMessage message) override {
    lines_.emplace_back(message.message.payload());
    if (message.position.is_set() && feed_.position().is_set()) {
      EXPECT_EQ(message.position.ToString(), feed_.position().ToString());
    }
  }
  void Report(const TopicEvent& event) override {
    const std::string position = event.position.ToString();
    lines_.push_back(event.type == TopicEvent::Type::kGap
                         ? absl::StrCat("gap ", GapReasonName(event.reason), " ", position)
                         : absl::StrCat("joined ", position));
    if (event.missed.has_value()) absl::StrAppend(&lines_.back(), ", missed ", *event.missed);
  }
  void Read(uint32_t read, Position since) override {
    read_ = read;
    lines_.push_back(absl::StrCat("read ", since.ToString()));
    since_ = since;
  }

  void Start(Keeps keeps) { feed_ = TopicFeed(keeps); }

  // Each returns the outputs that the input caused.
  Lines Live(absl::string_view position) {
    feed_.OnMessage(Message(position), *this);
    return std::exchange(lines_, {});
  }
  Lines Live(TopicMessage message) {
    feed_.OnMessage(std::move(message), *this);
    return std::exchange(lines_, {});
  }
  Lines State(absl::string_view position, absl::string_view previous_end = "") {
    feed_.OnState(StateOf(position, previous_end), *this);
    return std::exchange(lines_, {});
  }
  Lines Page(const Lines& messages, absl::string_view position,
             absl::string_view previous_end = "") {
    HistoryPage page = {.since = since_, .state = StateOf(position, previous_end)};
    for (const std::string& message : messages) page.messages.push_back(Message(message));
    feed_.OnPage(read_, std::move(page), *this);
    return std::exchange(lines_, {});
  }

  Lines Unreadable() {
    feed_.OnUnreadable(read_, *this);
    return std::exchange(lines_, {});
  }

  static TopicState StateOf(absl::string_view position, absl::string_view previous_end) {
    return {.position = position.empty() ? Position() : At(position),
            .previous_end = previous_end.empty() ? Position() : At(previous_end)};
  }

  TopicFeed feed_{Keeps::kHistory};
  Position since_;
  uint32_t read_ = 0;
  Lines lines_;
};

// ---- Live: each message exactly once and in order, or a gap ----

TEST_F(TopicFeedTest, JoinsAtTheStateAndDeliversTheNext) {
  EXPECT_FALSE(feed_.joined());
  EXPECT_EQ(State("a.7"), Lines{"joined a.7"});
  EXPECT_TRUE(feed_.joined());
  EXPECT_EQ(Live("a.8"), Lines{"a.8"});
  EXPECT_EQ(Live("a.9"), Lines{"a.9"});
  EXPECT_EQ(feed_.position(), At("a.9"));
}

TEST_F(TopicFeedTest, JoinsAtAMessageThatOvertakesTheState) {
  EXPECT_EQ(Live("a.8"), (Lines{"joined a.7", "a.8"}));
  EXPECT_EQ(State("a.8"), Lines{});
  EXPECT_EQ(State("a.6"), Lines{}) << "read before the message was published";
  EXPECT_EQ(Live("a.9"), Lines{"a.9"});
}

TEST_F(TopicFeedTest, JoinsANewTopic) {
  EXPECT_EQ(State("a.0"), Lines{"joined a.0"});
  EXPECT_EQ(Live("a.1"), Lines{"a.1"});
}

TEST_F(TopicFeedTest, DropsAndCountsDuplicates) {
  State("a.7");
  EXPECT_EQ(Live("a.7"), Lines{});
  EXPECT_EQ(Live("a.3"), Lines{});
  EXPECT_EQ(counts.duplicates, 2u);
  EXPECT_EQ(Live("a.8"), Lines{"a.8"});
}

TEST_F(TopicFeedTest, HealsAHole) {
  State("a.7");
  EXPECT_EQ(Live("a.10"), Lines{"read a.7"});
  EXPECT_TRUE(feed_.reading());
  EXPECT_EQ(Live("a.11"), Lines{}) << "one read at a time";
  EXPECT_EQ(Page({"a.8", "a.9", "a.10"}, "a.10"), (Lines{"a.8", "a.9", "a.10", "a.11"}));
  EXPECT_FALSE(feed_.reading());
  EXPECT_EQ(feed_.held_bytes(), 0u);
  EXPECT_EQ(counts.healed, 3u);
  EXPECT_EQ(counts.duplicates, 1u) << "a.10 came live too";
}

TEST_F(TopicFeedTest, ReadsPageAfterPage) {
  State("a.0");
  EXPECT_EQ(Live("a.5"), Lines{"read a.0"});
  EXPECT_EQ(Page({"a.1", "a.2"}, "a.5"), (Lines{"a.1", "a.2", "read a.2"}));
  EXPECT_EQ(Live("a.6"), Lines{});
  EXPECT_EQ(Page({"a.3", "a.4"}, "a.6"), (Lines{"a.3", "a.4", "read a.4"}));
  EXPECT_EQ(Page({"a.5", "a.6"}, "a.6"), (Lines{"a.5", "a.6"}));
}

TEST_F(TopicFeedTest, AHoleAmongHeldMessagesIsReadToo) {
  State("a.0");
  Live("a.2");
  EXPECT_EQ(Live("a.5"), Lines{}) << "held, after the read was asked for";
  EXPECT_EQ(Page({"a.1", "a.2"}, "a.2"), (Lines{"a.1", "a.2", "read a.2"}));
  EXPECT_EQ(Page({"a.3", "a.4", "a.5"}, "a.5"), (Lines{"a.3", "a.4", "a.5"}));
}

TEST_F(TopicFeedTest, IgnoresAPageThatItDidNotAskFor) {
  State("a.7");
  EXPECT_EQ(Page({"a.8"}, "a.8"), Lines{});
  Live("a.9");
  --read_;
  EXPECT_EQ(Page({"a.8"}, "a.8"), Lines{});
  EXPECT_EQ(Unreadable(), Lines{});
  EXPECT_TRUE(feed_.reading());
  ++read_;
  EXPECT_EQ(Page({"a.8", "a.9"}, "a.9"), (Lines{"a.8", "a.9"}));
}

// The page was read before the store had a.9.
TEST_F(TopicFeedTest, IgnoresAPageOfAnEarlierFeed) {
  State("a.7");
  EXPECT_EQ(State("a.8"), Lines{"read a.7"});
  const uint32_t earlier = read_;
  Start(Keeps::kHistory);
  State("a.7");
  EXPECT_EQ(Live("a.9"), Lines{"read a.7"});
  EXPECT_NE(earlier, std::exchange(read_, earlier));
  EXPECT_EQ(Page({"a.8"}, "a.8"), Lines{});
  ++read_;
  EXPECT_EQ(Page({"a.8", "a.9"}, "a.9"), (Lines{"a.8", "a.9"}));
}

// ---- A lost connection ----

TEST_F(TopicFeedTest, AfterALostConnectionReadsIfTheTopicHasMoved) {
  State("a.7");
  feed_.OnLost();
  EXPECT_EQ(State("a.7"), Lines{}) << "nothing was missed";
  feed_.OnLost();
  EXPECT_EQ(State("a.9"), Lines{"read a.7"});
  EXPECT_EQ(Page({"a.8", "a.9"}, "a.9"), (Lines{"a.8", "a.9"}));
}

TEST_F(TopicFeedTest, ALostConnectionWhileReadingIsReadAgain) {
  State("a.7");
  Live("a.9");
  feed_.OnLost();
  EXPECT_EQ(State("a.12"), Lines{});
  EXPECT_EQ(Page({"a.8", "a.9"}, "a.9"), (Lines{"a.8", "a.9", "read a.9"}))
      << "the page was read before the connection was lost";
  EXPECT_EQ(Page({"a.10", "a.11", "a.12"}, "a.12"), (Lines{"a.10", "a.11", "a.12"}));
}

// ---- Gaps ----

TEST_F(TopicFeedTest, GapTooOld) {
  State("a.7");
  EXPECT_EQ(Live("a.20"), Lines{"read a.7"});
  EXPECT_EQ(Page({"a.19", "a.20"}, "a.20"), (Lines{"gap too old a.18, missed 11", "a.19", "a.20"}));
  EXPECT_EQ(Live("a.21"), Lines{"a.21"});
}

TEST_F(TopicFeedTest, GapTooOldAndNothingIsKept) {
  State("a.7");
  feed_.OnLost();
  EXPECT_EQ(State("a.20"), Lines{"read a.7"});
  EXPECT_EQ(Live("a.21"), Lines{});
  EXPECT_EQ(Page({}, "a.20"), (Lines{"gap too old a.20, missed 13", "a.21"}));
}

// The store was emptied: what it has now is all new.
TEST_F(TopicFeedTest, GapOtherEpoch) {
  State("a.7");
  EXPECT_EQ(Live("b.2"), Lines{"read a.7"});
  EXPECT_EQ(Page({}, "b.2"), (Lines{"gap other epoch b.0", "read b.0"}));
  EXPECT_EQ(Page({"b.1", "b.2"}, "b.2"), (Lines{"b.1", "b.2"}));
}

TEST_F(TopicFeedTest, GapOtherEpochOfAnEmptyTopic) {
  State("a.7");
  feed_.OnLost();
  EXPECT_EQ(State("b.0"), Lines{"read a.7"});
  EXPECT_EQ(Page({}, "b.0"), Lines{"gap other epoch b.0"});
  EXPECT_EQ(Live("b.1"), Lines{"b.1"});
}

// The store was killed at a.105, has restored a.100, and counts on from there in a new epoch. The
// messages up to b.100 are those that were delivered as a.100.
TEST_F(TopicFeedTest, GapAheadContinuesWithWhatTheNewEpochHas) {
  State("a.105");
  EXPECT_EQ(Live("b.107"), Lines{"read a.105"});
  EXPECT_EQ(Page({}, "b.107", "a.100"), (Lines{"gap ahead b.100", "read b.100"}));
  std::vector<std::string> all;
  for (int i = 101; i <= 107; ++i) all.push_back(absl::StrCat("b.", i));
  EXPECT_EQ(Page(all, "b.107", "a.100"), all);
}

// ---- Lineage ----

TEST_F(TopicFeedTest, LineageContinuesANodeThatWasNotPastTheEnd) {
  State("a.98");
  EXPECT_EQ(Live("b.101"), Lines{"read a.98"});
  EXPECT_EQ(Page({"b.99", "b.100", "b.101"}, "b.101", "a.100"), (Lines{"b.99", "b.100", "b.101"}));
}

TEST_F(TopicFeedTest, LineageOfAQuietTopicNeedsNoRead) {
  State("a.100");
  feed_.OnLost();
  EXPECT_EQ(State("b.100", "a.100"), Lines{});
  EXPECT_EQ(feed_.position(), At("b.100"));
  EXPECT_EQ(Live("b.101"), Lines{"b.101"});
}

// Nobody else knows a.99 any more: it is not part of the topic.
TEST_F(TopicFeedTest, HeldMessagesThatTheStoreHasForgottenAreDropped) {
  State("a.97");
  EXPECT_EQ(Live("a.99"), Lines{"read a.97"});
  EXPECT_EQ(Page({"b.98"}, "b.98", "a.98"), Lines{"b.98"});
  EXPECT_EQ(counts.disowned, 1u);
  EXPECT_EQ(Live("b.99"), Lines{"b.99"});
}

TEST_F(TopicFeedTest, AHeldMessageOfALaterEpochThanThePageIsReadForAgain) {
  State("a.7");
  EXPECT_EQ(Live("a.9"), Lines{"read a.7"});
  EXPECT_EQ(Live("b.10"), Lines{});
  EXPECT_EQ(Page({"a.8", "a.9"}, "a.9"), (Lines{"a.8", "a.9", "read a.9"}));
  EXPECT_EQ(Page({"b.10"}, "b.10", "a.9"), Lines{"b.10"});
}

// A state that was read before the store was restarted arrives after a message of the new epoch.
TEST_F(TopicFeedTest, AnOldStateOfAnEarlierEpochIsNoGap) {
  EXPECT_EQ(Live("b.101"), (Lines{"joined b.100", "b.101"}));
  EXPECT_EQ(State("a.100"), Lines{"read b.101"});
  EXPECT_EQ(Page({}, "b.101", "a.100"), Lines{});
  EXPECT_EQ(Live("b.102"), Lines{"b.102"});
}

// ---- Bounds ----

TEST_F(TopicFeedTest, ForgetsHeldMessagesPastTheirNumberAndReadsAgain) {
  State("a.0");
  Live("a.2");
  size_t last = 2;
  while (counts.forgotten == 0) Live(absl::StrCat("a.", ++last));
  EXPECT_EQ(counts.forgotten, TopicFeed::kMaxHeldMessages + 1);
  EXPECT_EQ(feed_.held_bytes(), 0u);
  EXPECT_EQ(Page({"a.1", "a.2"}, "a.2"), (Lines{"a.1", "a.2", "read a.2"}));
  Lines rest;
  for (size_t i = 3; i <= last; ++i) rest.push_back(absl::StrCat("a.", i));
  EXPECT_EQ(Page(rest, absl::StrCat("a.", last)), rest);
  EXPECT_EQ(Live(absl::StrCat("a.", last + 1)).size(), 1u);
}

TEST_F(TopicFeedTest, ForgetsHeldMessagesPastTheirBytes) {
  State("a.0");
  Live("a.2");
  const std::string big(300 << 10, 'x');
  for (uint64_t i = 3; i <= 5; ++i) {
    TopicMessage message = Unnumbered(big);
    message.position = {.epoch = At("a.0").epoch, .offset = i};
    Live(std::move(message));
    EXPECT_LE(feed_.held_bytes(), TopicFeed::kMaxHeldBytes);
  }
  EXPECT_EQ(counts.forgotten, 0u);
  TopicMessage message = Unnumbered(big);
  message.position = At("a.6");
  Live(std::move(message));
  EXPECT_EQ(counts.forgotten, 5u);
  EXPECT_EQ(Page({"a.1", "a.2", "a.3", "a.4", "a.5", "a.6"}, "a.6").back(), "read a.6");
  EXPECT_EQ(Page({}, "a.6"), Lines{});
}

TEST_F(TopicFeedTest, AMessageTooLargeToHoldIsRead) {
  State("a.0");
  TopicMessage message = Unnumbered(std::string(TopicFeed::kMaxHeldBytes, 'x'));
  message.position = At("a.2");
  EXPECT_EQ(Live(std::move(message)), Lines{"read a.0"});
  EXPECT_EQ(Page({"a.1", "a.2"}, "a.2"), (Lines{"a.1", "a.2"}));
}

TEST_F(TopicFeedTest, ForgetsHeldMessagesWhenItsOwnerSaysSo) {
  State("a.0");
  Live("a.2");
  Live("a.3");
  feed_.ForgetHeld(*this);
  feed_.ForgetHeld(*this);
  EXPECT_EQ(feed_.held_bytes(), 0u);
  EXPECT_EQ(counts.forgotten, 2u);
  EXPECT_EQ(Page({"a.1", "a.2"}, "a.2"), (Lines{"a.1", "a.2", "read a.2"}));
  EXPECT_EQ(Page({"a.3"}, "a.3"), Lines{"a.3"});
}

TEST_F(TopicFeedTest, AQuietFeedIsSmall) { EXPECT_LE(sizeof(TopicFeed), 32u); }

// ---- A history that cannot be read ----

TEST_F(TopicFeedTest, GapUnreadableBeforeTheHeldMessages) {
  State("a.7");
  Live("a.9");
  Live("a.10");
  EXPECT_EQ(Unreadable(), (Lines{"gap unreadable a.8", "a.9", "a.10"}));
  EXPECT_EQ(Live("a.11"), Lines{"a.11"});
}

TEST_F(TopicFeedTest, GapUnreadableAtOnceIfNothingIsHeld) {
  State("a.7");
  State("a.9");
  EXPECT_EQ(Unreadable(), Lines{"gap unreadable a.7"});
  EXPECT_EQ(Live("a.7"), Lines{}) << "a duplicate shows nothing";
  EXPECT_EQ(Live("a.10"), (Lines{"gap unreadable a.9", "a.10"}));
  EXPECT_EQ(Live("a.11"), Lines{"a.11"});
}

TEST_F(TopicFeedTest, AStateLetsItReadAgain) {
  State("a.7");
  State("a.9");
  Unreadable();
  EXPECT_EQ(State("a.9"), Lines{"read a.7"});
  EXPECT_EQ(Page({"a.8", "a.9"}, "a.9"), (Lines{"a.8", "a.9"}));
}

// Whether the epoch is the next one or an earlier one, only the history can tell.
TEST_F(TopicFeedTest, UnreadableInAnotherEpochIsReadAgain) {
  State("b.7");
  Live("b.9");
  Live("a.5");
  EXPECT_EQ(Unreadable(), (Lines{"gap unreadable b.8", "b.9", "read b.9"}));
  EXPECT_EQ(Unreadable(), (Lines{"gap unreadable b.9", "read b.9"}));
  EXPECT_EQ(Page({}, "b.9"), Lines{});
  EXPECT_EQ(Live("b.10"), Lines{"b.10"});
}

// a.9 was published while the connection was lost. The held a.8 does not show that it is missing.
TEST_F(TopicFeedTest, GapUnreadableAfterTheHeldMessagesIfTheConnectionWasLostMeanwhile) {
  State("a.7");
  EXPECT_EQ(State("a.9"), Lines{"read a.7"});
  EXPECT_EQ(Live("a.8"), Lines{});
  feed_.OnLost();
  EXPECT_EQ(State("a.9"), Lines{});
  EXPECT_EQ(Unreadable(), (Lines{"a.8", "gap unreadable a.8"}));
  EXPECT_EQ(Live("a.10"), (Lines{"gap unreadable a.9", "a.10"}));
  EXPECT_EQ(Live("a.11"), Lines{"a.11"});
}

TEST_F(TopicFeedTest, GapUnreadableBeforeAndAfterTheHeldMessages) {
  State("a.7");
  EXPECT_EQ(Live("a.9"), Lines{"read a.7"});
  feed_.OnLost();
  EXPECT_EQ(State("a.12"), Lines{});
  EXPECT_EQ(Unreadable(), (Lines{"gap unreadable a.8", "a.9", "gap unreadable a.9"}));
}

// a.11 and a.12 were published while the connection was lost, and only the second page would have
// had them.
TEST_F(TopicFeedTest, GapUnreadableIfThePageAfterALostConnectionFails) {
  State("a.7");
  EXPECT_EQ(Live("a.9"), Lines{"read a.7"});
  EXPECT_EQ(Live("a.10"), Lines{});
  feed_.OnLost();
  EXPECT_EQ(State("a.12"), Lines{});
  EXPECT_EQ(Page({"a.8", "a.9"}, "a.9"), (Lines{"a.8", "a.9", "read a.9"}));
  EXPECT_EQ(Unreadable(), (Lines{"a.10", "gap unreadable a.10"}));
}

// The messages after a.8 come by the connection that has brought it.
TEST_F(TopicFeedTest, NoGapUnreadableIfNothingIsMissing) {
  State("a.7");
  EXPECT_EQ(State("a.9"), Lines{"read a.7"});
  EXPECT_EQ(Live("a.8"), Lines{});
  EXPECT_EQ(Unreadable(), Lines{"a.8"});
  EXPECT_EQ(Live("a.9"), Lines{"a.9"});
}

TEST_F(TopicFeedTest, UnreadableIsNotEndedByAMessageWithoutAPosition) {
  State("a.7");
  State("a.9");
  EXPECT_EQ(Unreadable(), Lines{"gap unreadable a.7"});
  EXPECT_EQ(Live(Unnumbered("x")), Lines{"x"});
  EXPECT_EQ(Live("a.10"), (Lines{"gap unreadable a.9", "a.10"}));
}

// ---- A store that breaks its promises must not make the feed deaf, wait or read without end ----

TEST_F(TopicFeedTest, DropsAMessageThatTheHistoryDoesNotHave) {
  State("a.5");
  EXPECT_EQ(Live("a.1000000"), Lines{"read a.5"});
  EXPECT_EQ(Page({}, "a.5"), Lines{});
  EXPECT_EQ(counts.disowned, 1u);
  EXPECT_EQ(feed_.position(), At("a.5"));
  EXPECT_EQ(Live("a.6"), Lines{"a.6"});
  EXPECT_EQ(Live("a.8"), Lines{"read a.6"});
  EXPECT_EQ(Page({"a.7", "a.8"}, "a.8"), (Lines{"a.7", "a.8"}));
}

TEST_F(TopicFeedTest, IgnoresAMessageThatCannotBe) {
  for (const Keeps keeps : {Keeps::kHistory, Keeps::kLatest}) {
    Start(keeps);
    for (const uint64_t offset : {uint64_t{0}, Position::kMaxOffset + 1, ~uint64_t{0}}) {
      EXPECT_EQ(Live(Numbered("a", offset)), Lines{});
      EXPECT_FALSE(feed_.joined());
    }
    EXPECT_EQ(Live("a.1"), (Lines{"joined a.0", "a.1"}));
    EXPECT_EQ(Live(Numbered("a", ~uint64_t{0})), Lines{});
    EXPECT_EQ(Live("a.2"), Lines{"a.2"});
  }
}

TEST_F(TopicFeedTest, IgnoresAStateThatCannotBe) {
  feed_.OnState({.position = {.epoch = At("a.0").epoch, .offset = ~uint64_t{0}}}, *this);
  feed_.OnState({}, *this);
  EXPECT_FALSE(feed_.joined());
  EXPECT_EQ(counts.malformed, 2u);
}

TEST_F(TopicFeedTest, APageThatCannotBeIsUnreadable) {
  State("a.7");
  EXPECT_EQ(Live("a.9"), Lines{"read a.7"});
  since_ = At("a.3");
  EXPECT_EQ(Page({"a.4"}, "a.9"), (Lines{"gap unreadable a.8", "a.9"}));
  EXPECT_EQ(counts.malformed, 1u);
}

TEST_F(TopicFeedTest, IgnoresMessagesThatCannotBeOnThePage) {
  State("a.7");
  EXPECT_EQ(Live("a.9"), Lines{"read a.7"});
  EXPECT_EQ(Page({"b.8", "a.0", "a.10"}, "a.9"), Lines{"gap too old a.9, missed 2"});
  EXPECT_EQ(counts.malformed, 3u);
}

// The same epoch never has fewer messages than before, and those it has were delivered.
TEST_F(TopicFeedTest, APageThatIsBehindIsNotDeliveredAgain) {
  State("a.105");
  EXPECT_EQ(Live("a.107"), Lines{"read a.105"});
  EXPECT_EQ(Page({}, "a.100"), Lines{"gap ahead a.100"});
  EXPECT_EQ(Live("a.101"), Lines{"a.101"});
}

// ---- Without history: at most once, and a gap when messages may have been missed ----

TEST_F(TopicFeedTest, WithoutHistoryALostConnectionIsAGapWithoutACount) {
  Start(Keeps::kNothing);
  EXPECT_EQ(State(""), Lines{"joined "});
  EXPECT_EQ(Live(Unnumbered("x")), Lines{"x"});
  feed_.OnLost();
  feed_.OnLost();
  EXPECT_EQ(State(""), Lines{"gap missed "}) << "now the application can load its state again";
  EXPECT_EQ(Live(Unnumbered("y")), Lines{"y"});
  EXPECT_EQ(State(""), Lines{});
}

TEST_F(TopicFeedTest, WithoutHistoryTheGapPrecedesTheFirstMessage) {
  Start(Keeps::kNothing);
  EXPECT_EQ(Live(Unnumbered("x")), (Lines{"joined ", "x"}));
  feed_.OnLost();
  EXPECT_EQ(Live(Unnumbered("y")), (Lines{"gap missed ", "y"}));
  EXPECT_EQ(State(""), Lines{});
}

TEST_F(TopicFeedTest, WithoutHistoryAConnectionLostBeforeTheJoinIsNoGap) {
  Start(Keeps::kNothing);
  feed_.OnLost();
  EXPECT_EQ(State(""), Lines{"joined "});
}

TEST_F(TopicFeedTest, WithoutHistoryPositionsAreIgnored) {
  Start(Keeps::kNothing);
  State("");
  EXPECT_EQ(Live("a.5"), Lines{"a.5"});
  EXPECT_EQ(Live("a.9"), Lines{"a.9"});
  EXPECT_EQ(feed_.position(), Position());
}

// From a node whose options say that the topic has no history.
TEST_F(TopicFeedTest, AMessageWithoutAPositionIsDeliveredAndNeverHeld) {
  EXPECT_EQ(Live(Unnumbered("early")), Lines{}) << "nobody has joined";
  State("a.7");
  EXPECT_EQ(Live(Unnumbered("x")), Lines{"x"});
  Live("a.9");
  EXPECT_EQ(Live(Unnumbered("y")), Lines{"y"});
  EXPECT_EQ(Page({"a.8", "a.9"}, "a.9"), (Lines{"a.8", "a.9"}));
}

// ---- Only the latest ----

TEST_F(TopicFeedTest, LatestBeginsWithThePresentValue) {
  Start(Keeps::kLatest);
  EXPECT_EQ(State("a.7"), (Lines{"joined a.6", "read a.6"}));
  EXPECT_EQ(Page({"a.7"}, "a.7"), Lines{"a.7"});
  EXPECT_EQ(Live("a.9"), Lines{"a.9"}) << "a.8 does not matter any more";
  EXPECT_EQ(Live("a.8"), Lines{});
}

TEST_F(TopicFeedTest, LatestOfANewTopicIsNothing) {
  Start(Keeps::kLatest);
  EXPECT_EQ(State("a.0"), Lines{"joined a.0"});
  EXPECT_EQ(Live("a.1"), Lines{"a.1"});
}

TEST_F(TopicFeedTest, LatestCatchesUpWithoutAGap) {
  Start(Keeps::kLatest);
  State("a.0");
  Live("a.1");
  feed_.OnLost();
  EXPECT_EQ(State("a.30"), Lines{"read a.1"});
  EXPECT_EQ(Live("a.31"), Lines{});
  EXPECT_EQ(Page({"a.30"}, "a.30"), (Lines{"a.30", "a.31"}));
}

TEST_F(TopicFeedTest, LatestOfAStoreThatWasRestartedIsWhatItHas) {
  Start(Keeps::kLatest);
  State("a.0");
  Live("a.105");
  feed_.OnLost();
  EXPECT_EQ(State("b.100", "a.100"), Lines{"read a.105"});
  EXPECT_EQ(Page({}, "b.100", "a.100"), Lines{"read b.99"});
  EXPECT_EQ(Page({"b.100"}, "b.100", "a.100"), Lines{"b.100"});
}

TEST_F(TopicFeedTest, LatestThatExpired) {
  Start(Keeps::kLatest);
  EXPECT_EQ(State("a.7"), (Lines{"joined a.6", "read a.6"}));
  EXPECT_EQ(Page({}, "a.7"), Lines{});
  EXPECT_EQ(Live("a.8"), Lines{"a.8"});
}

TEST_F(TopicFeedTest, LatestThatCannotBeReadIsAGap) {
  Start(Keeps::kLatest);
  EXPECT_EQ(State("a.7"), (Lines{"joined a.6", "read a.6"}));
  EXPECT_EQ(Unreadable(), Lines{"gap unreadable a.6"});
  EXPECT_EQ(Live("a.9"), Lines{"a.9"}) << "the present value";
  feed_.OnLost();
  EXPECT_EQ(State("a.12"), Lines{"read a.9"});
  EXPECT_EQ(Live("a.13"), Lines{});
  EXPECT_EQ(Unreadable(), Lines{"a.13"}) << "the present value, and no gap";
}

TEST_F(TopicFeedTest, LatestOfAPageThatIsBehindDoesNotGoBack) {
  Start(Keeps::kLatest);
  Live("a.105");
  feed_.OnLost();
  EXPECT_EQ(State("a.106"), Lines{"read a.105"});
  EXPECT_EQ(Page({}, "a.100"), Lines{});
  EXPECT_EQ(feed_.position(), At("a.100"));
}

}  // namespace
}  // namespace weft
