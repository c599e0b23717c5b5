#include "weft/server/topics/history_store.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "weft/core/encoded_message.h"
#include "weft/core/frame/opcode.h"
#include "weft/testing/manual_clock.h"

namespace weft {
namespace {

constexpr TopicHistory kThree = {.messages = 3, .time = absl::Seconds(10)};

class HistoryStoreTest : public ::testing::Test {
 protected:
  HistoryStore::Stored Store(absl::string_view topic, absl::string_view payload,
                             const TopicHistory& history = kThree, absl::string_view id = "") {
    std::vector<TopicMessage> messages = {
        {.message = *EncodedMessage::Make(Opcode::kText, payload), .id = std::string(id)}};
    return store_.Store(topic, history, messages);
  }

  // "2:b 3:c"
  static std::string Text(const std::vector<TopicMessage>& messages) {
    std::string text;
    for (const TopicMessage& message : messages) {
      absl::StrAppend(&text, text.empty() ? "" : " ", message.position.offset, ":",
                      message.message.payload());
    }
    return text;
  }

  testing::ManualClock clock_;
  HistoryStore store_{clock_, /*first_epoch=*/500};
};

TEST_F(HistoryStoreTest, KeepsTheLastOnes) {
  const Position start = store_.state("t").position;
  EXPECT_EQ(start, (Position{Epoch::FromNumber(500), 0}));
  for (const absl::string_view payload : {"a", "b", "c", "d"}) Store("t", payload);
  EXPECT_EQ(Text(store_.kept("t")), "2:b 3:c 4:d");
  EXPECT_EQ(Text(store_.Read("t", {start.epoch, 2}, 256).messages), "3:c 4:d");
  EXPECT_EQ(Text(store_.Read("t", {start.epoch, 1}, 2).messages), "2:b 3:c");
}

// The age is that of the last message: all are forgotten at once, and not before.
TEST_F(HistoryStoreTest, TheHistoryExpiresAsAWhole) {
  Store("t", "a");
  clock_.AdvanceMs(9999);
  Store("t", "b");
  clock_.AdvanceMs(9999);
  EXPECT_EQ(Text(store_.kept("t")), "1:a 2:b");
  clock_.AdvanceMs(1);
  EXPECT_EQ(Text(store_.kept("t")), "");
  EXPECT_EQ(store_.state("t").position.offset, 2u);
}

TEST_F(HistoryStoreTest, AnIdIsStoredOnceInFiveMinutes) {
  const HistoryStore::Stored first = Store("t", "a", kThree, "id");
  EXPECT_TRUE(first.is_new);
  clock_.AdvanceMs(5 * 60 * 1000 - 1);
  const HistoryStore::Stored again = Store("t", "a", kThree, "id");
  EXPECT_FALSE(again.is_new);
  EXPECT_EQ(again.last, first.last);
  clock_.AdvanceMs(1);
  EXPECT_TRUE(Store("t", "a", kThree, "id").is_new);
}

TEST_F(HistoryStoreTest, WithoutHistoryNothingIsKept) {
  EXPECT_EQ(Store("t", "a", TopicHistory()).last, Position());
  EXPECT_EQ(store_.size(), 0u);
}

// After the messages that are left, in an epoch whose lineage says so.
TEST_F(HistoryStoreTest, ForgetsTheTail) {
  for (const absl::string_view payload : {"a", "b", "c"}) Store("t", payload);
  const Position before = store_.state("t").position;
  store_.ForgetTail("t", 2);
  const TopicState state = store_.state("t");
  EXPECT_EQ(state.position, (Position{Epoch::FromNumber(501), 1}));
  EXPECT_EQ(state.previous_end, (Position{before.epoch, 1}));
  Store("t", "d");
  const HistoryPage page = store_.Read("t", {before.epoch, 0}, 256);
  EXPECT_EQ(Text(page.messages), "1:a 2:d");
  EXPECT_EQ(page.messages.front().position.epoch, state.position.epoch);
}

TEST_F(HistoryStoreTest, ForgetsTopicsThatNobodyUses) {
  Store("kept", "a", {.messages = 1, .time = absl::Minutes(20)});
  Store("subscribed", "a");
  Store("unused", "a");
  const auto is_subscribed = [](const std::string& topic) { return topic == "subscribed"; };
  clock_.AdvanceMs(5 * 60 * 1000 - 1);
  store_.ForgetUnused(is_subscribed);
  EXPECT_EQ(store_.size(), 3u);
  clock_.AdvanceMs(1);
  store_.ForgetUnused(is_subscribed);
  EXPECT_EQ(store_.size(), 2u);
  EXPECT_EQ(Text(store_.kept("kept")), "1:a");
}

TEST_F(HistoryStoreTest, ForgetsATopicToWhichNobodyPublished) {
  const Position start = store_.state("t").position;
  Store("published", "a");
  Store("id only", "a", TopicHistory(), "id");
  for (const absl::string_view topic : {"t", "published", "id only", "unknown"}) {
    store_.ForgetUnpublished(topic);
  }
  EXPECT_EQ(store_.size(), 2u);
  EXPECT_FALSE(Store("id only", "a", TopicHistory(), "id").is_new);
  EXPECT_EQ(store_.state("t").position, start) << "a position of nothing stays valid";
}

// The topic may have been published to meanwhile, and forgotten with its messages.
TEST_F(HistoryStoreTest, APositionOfNothingEndsWhenMessagesAreForgotten) {
  const auto unsubscribed = [](const std::string&) { return false; };
  const Position start = store_.state("t").position;
  store_.ForgetUnpublished("t");
  store_.state("u");
  clock_.AdvanceMs(5 * 60 * 1000);
  store_.ForgetUnused(unsubscribed);
  EXPECT_EQ(store_.state("t").position, start) << "nothing was lost with u";
  Store("t", "a");
  clock_.AdvanceMs(5 * 60 * 1000);
  store_.ForgetUnused(unsubscribed);
  EXPECT_EQ(store_.size(), 0u);
  const TopicState state = store_.state("t");
  EXPECT_EQ(state.GapAfter(start), GapReason::kOtherEpoch);
  EXPECT_EQ(state.GapAfter({start.epoch, 1}), GapReason::kOtherEpoch);

  store_.ForgetAll();
  EXPECT_EQ(store_.state("t").GapAfter(state.position), GapReason::kOtherEpoch);
  Store("v", "a");
  store_.ForgetTail("v", 1);
  store_.ForgetUnpublished("v");
  EXPECT_EQ(store_.size(), 2u) << "v has had messages";
}

}  // namespace
}  // namespace weft
