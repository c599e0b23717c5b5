#include "weft/server/topics/publish_batch.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "weft/core/encoded_message.h"
#include "weft/core/frame/opcode.h"

namespace weft {
namespace {

EncodedMessage Text(absl::string_view text) { return *EncodedMessage::Make(Opcode::kText, text); }

TEST(PublishBatchTest, HasAllFramesOneBehindTheOther) {
  PublishBatch batch;
  EXPECT_TRUE(batch.empty());
  std::string frames;
  for (const char* text : {"one", "two", "three"}) {
    const EncodedMessage message = Text(text);
    ASSERT_TRUE(batch.Takes("news", message, {}));
    batch.Add("news", message, {});
    absl::StrAppend(&frames, message.frame());
    EXPECT_EQ(batch.frames(), frames);
  }
  EXPECT_FALSE(batch.empty());
  EXPECT_EQ(batch.topic(), "news");
  ASSERT_EQ(batch.messages().size(), 3u);
  EXPECT_EQ(batch.messages()[1].payload(), "two");
}

TEST(PublishBatchTest, TakesNothingThatIsToBeTreatedOtherwise) {
  PublishBatch batch;
  EXPECT_TRUE(batch.Takes("news", Text(""), {.key = "k", .when_full = WhenFull::kDropOldest}));
  batch.Add("news", Text("one"), {.when_full = WhenFull::kDropOldest, .max_queue_bytes = 1000});
  const SendOptions same = {.when_full = WhenFull::kDropOldest, .max_queue_bytes = 1000};
  EXPECT_TRUE(batch.Takes("news", Text("two"), same));
  EXPECT_FALSE(batch.Takes("weather", Text("two"), same));
  SendOptions other = same;
  other.key = "k";
  EXPECT_FALSE(batch.Takes("news", Text("two"), other));
  other = same;
  other.when_full = WhenFull::kFail;
  EXPECT_FALSE(batch.Takes("news", Text("two"), other));
  other = same;
  other.max_queue_bytes = 2000;
  EXPECT_FALSE(batch.Takes("news", Text("two"), other));

  PublishBatch with_key;
  with_key.Add("news", Text("one"), {.key = "k"});
  EXPECT_FALSE(with_key.Takes("news", Text("two"), {}));
  EXPECT_FALSE(with_key.Takes("news", Text("two"), {.key = "k"}));
}

// The key of a message does not let it replace one that the client counts.
TEST(PublishBatchTest, AKeyReplacesNothingInATopicWithHistory) {
  PublishBatch batch;
  const absl::StatusOr<EncodedMessage> message = EncodedMessage::Make(Opcode::kText, "x");
  batch.Add("t", *message, {.key = "k", .when_full = WhenFull::kDropOldest});
  const SendOptions kept = batch.OptionsFor({.history = {.messages = 100}});
  EXPECT_EQ(kept.key, "");
  EXPECT_EQ(kept.when_full, WhenFull::kDisconnect);
  const SendOptions plain = batch.OptionsFor({});
  EXPECT_EQ(plain.key, "k");
  EXPECT_EQ(plain.when_full, WhenFull::kDropOldest);
}

TEST(PublishBatchTest, StaysSmall) {
  const EncodedMessage large = Text(std::string(100000, 'x'));
  PublishBatch batch;
  EXPECT_TRUE(batch.Takes("news", large, {}));  // alone
  batch.Add("news", Text("small"), {});
  EXPECT_FALSE(batch.Takes("news", large, {}));
  int taken = 0;
  for (const EncodedMessage line = Text(std::string(100, 'x')); batch.Takes("news", line, {});
       ++taken) {
    batch.Add("news", line, {});
  }
  EXPECT_EQ(taken, ((15 << 10) - 7) / 102);
  EXPECT_LE(batch.frames().size(), 15u << 10);
}

}  // namespace
}  // namespace weft
