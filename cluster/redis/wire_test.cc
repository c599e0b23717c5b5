#include "weft/cluster/redis/wire.h"

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/cluster/envelope.h"
#include "weft/cluster/redis/testing/resp_values.h"
#include "weft/core/encoded_message.h"
#include "weft/core/frame/opcode.h"
#include "weft/server/topics/position.h"
#include "weft/server/topics/topic_history.h"

namespace weft {
namespace {

using testing::Array;
using ::testing::HasSubstr;
using testing::Integer;
using testing::String;
using Type = RespValue::Type;

TopicMessage Message(absl::string_view payload) {
  return {.message = *EncodedMessage::Make(Opcode::kText, payload)};
}

std::string Envelope(absl::string_view payload) {
  std::string envelope;
  EXPECT_TRUE(AppendEnvelope(Message(payload), &envelope).ok());
  return envelope;
}

std::string Sized(absl::string_view envelope) {
  return absl::StrCat(envelope.size(), ":", envelope);
}

// As a later version of Weft may write it.
std::string NextVersion(absl::string_view payload) {
  std::string envelope = Envelope(payload);
  envelope[0] = static_cast<char>(kEnvelopeVersion + 1);
  return envelope;
}

RespValue Entry(absl::string_view id, absl::string_view envelope) {
  return Array({String(id), Array({String("m"), String(envelope)})});
}

std::string Text(const std::vector<TopicMessage>& messages) {
  std::string text;
  for (const TopicMessage& message : messages) {
    absl::StrAppend(&text, message.position.ToString(), "=", message.message.payload(), " ");
  }
  return text;
}

TEST(RedisNamesTest, KeysOfATopicHaveOneHashTag) {
  const RedisNames names("app");
  EXPECT_EQ(names.Meta("chat/1"), "app:m:{chat/1}");
  EXPECT_EQ(names.History("chat/1"), "app:h:{chat/1}");
  EXPECT_EQ(names.Id("chat/1", "x"), "app:i:6:{chat/1}x");
  EXPECT_NE(names.Id("a", "b}c"), names.Id("a}b", "c"));
  EXPECT_NE(names.Id("a", "}c"), names.Id("a}", "c"));
  EXPECT_EQ(names.Channel("chat/1"), "app:c:{chat/1}");
  EXPECT_EQ(names.TopicOf("app:c:{chat/1}"), "chat/1");
  EXPECT_EQ(names.TopicOf("app:c:{a}}"), "a}");
  EXPECT_EQ(names.TopicOf("other:c:{chat/1}"), std::nullopt);
  EXPECT_EQ(names.TopicOf(names.NodeChannel("1")), std::nullopt);
}

TEST(TopicBatchTest, WithoutHistory) {
  const absl::StatusOr<std::string> text = BatchText({Message("x"), Message("")});
  ASSERT_TRUE(text.ok());
  const absl::StatusOr<TopicBatch> batch = ParseBatch(*text);
  ASSERT_TRUE(batch.ok()) << batch.status();
  EXPECT_EQ(Text(batch->messages), "=x = ");
  EXPECT_FALSE(batch->last.is_set());
}

TEST(TopicBatchTest, WithHistoryEachMessageHasItsPosition) {
  const absl::StatusOr<TopicBatch> batch =
      ParseBatch(absl::StrCat("ep1 9 2 ", Sized(Envelope("x")), Sized(Envelope("y"))));
  ASSERT_TRUE(batch.ok()) << batch.status();
  EXPECT_EQ(Text(batch->messages), "ep1.8=x ep1.9=y ");
}

TEST(TopicBatchTest, AMessageOfANewerNodeIsLeftOutAlone) {
  const absl::StatusOr<TopicBatch> batch = ParseBatch(absl::StrCat(
      "ep1 3 3 ", Sized(Envelope("x")), Sized(NextVersion("y")), Sized(Envelope("z"))));
  ASSERT_TRUE(batch.ok()) << batch.status();
  EXPECT_EQ(Text(batch->messages), "ep1.1=x ep1.3=z ");
  EXPECT_EQ(batch->count, 3u);
  EXPECT_TRUE(absl::IsUnimplemented(batch->unreadable)) << batch->unreadable;
}

TEST(TopicBatchTest, NamesWhatIsWrong) {
  const auto error = [](absl::string_view bytes) {
    return std::string(ParseBatch(bytes).status().message());
  };
  EXPECT_THAT(error(""), HasSubstr("it does not begin with an epoch"));
  EXPECT_THAT(error("hello world"), HasSubstr("its offset or its count is not a number"));
  EXPECT_THAT(error("e! 1 1 "), HasSubstr("its epoch is \"e!\""));
  EXPECT_THAT(error("ep1 1 2 "), HasSubstr("2 messages up to the offset 1"));
  EXPECT_THAT(error("ep1 65 65 "), HasSubstr("65 messages"));
  EXPECT_THAT(error("ep1 1 +1 "), HasSubstr("not a number"));
  EXPECT_THAT(error("ep1 1 1 9:short"), HasSubstr("message 1 of 1 is not complete"));
  EXPECT_THAT(error(absl::StrCat("- 0 1 ", Sized(Envelope("x")), "more")),
              HasSubstr("4 bytes follow the last message"));
}

TEST(ScriptReplyTest, Published) {
  const Position position = *Position::Parse("ep1.7");
  EXPECT_EQ(*ParsePublished(Array({String("ep1"), Integer(7)})), position);
  EXPECT_EQ(*ParsePublished(Array({String("-"), Integer(0)})), Position());
  EXPECT_FALSE(ParsePublished(Array({String("ep1")})).ok());
  EXPECT_FALSE(ParsePublished(Array({String("ep1"), Integer(-1)})).ok());
}

TEST(ScriptReplyTest, StateWithLineage) {
  const absl::StatusOr<TopicState> state =
      ParseState({String("ep2"), Integer(7), String("ep1"), Integer(5)});
  ASSERT_TRUE(state.ok()) << state.status();
  EXPECT_EQ(state->position.ToString(), "ep2.7");
  EXPECT_EQ(state->previous_end.ToString(), "ep1.5");
  EXPECT_FALSE(ParseState({String("ep2"), Integer(7), String("ep1")}).ok());
}

RespValue Page(std::vector<RespValue> entries) {
  return Array({String("ep1"), Integer(9), String(""), Integer(0), Array(std::move(entries))});
}

TEST(ScriptReplyTest, PageEndsBeforeAMessageOfANewerNode) {
  const Position since = *Position::Parse("ep1.7");
  absl::StatusOr<HistoryPage> page =
      ParsePage(Page({Entry("8-0", Envelope("x")), Entry("9-0", NextVersion("y"))}), since, 10);
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(Text(page->messages), "ep1.8=x ");
  page = ParsePage(Page({Entry("8-0", NextVersion("x"))}), since, 10);
  EXPECT_TRUE(absl::IsUnimplemented(page.status())) << page.status();
}

TEST(ScriptReplyTest, PageIsLimited) {
  std::vector<RespValue> entries;
  const std::string large = Envelope(std::string(HistoryPage::kMaxBytes, 'x'));
  entries.push_back(Entry("1-0", large));
  entries.push_back(Entry("2-0", large));
  const absl::StatusOr<HistoryPage> page = ParsePage(Page(entries), {}, 10);
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(page->messages.size(), 1u);
  EXPECT_FALSE(ParsePage(Page({String("1-0")}), {}, 10).ok());
}

TEST(WireTest, TheHashOfATopicIsItsStateInTheSameProcess) {
  const auto meta = [](absl::string_view epoch, absl::string_view offset, absl::string_view process,
                       RespValue previous = {}, RespValue ended = {}) {
    return Array({String(epoch), String(offset), String(process), previous, ended});
  };
  const TopicState plain = {.position = {*Epoch::Parse("ep1"), 7}};
  EXPECT_EQ(ParseMeta(meta("ep1", "7", "here"), "here"), plain);
  const TopicState later = {.position = {*Epoch::Parse("ep2"), 9},
                            .previous_end = {*Epoch::Parse("ep1"), 7}};
  EXPECT_EQ(ParseMeta(meta("ep2", "9", "here", String("ep1"), String("7")), "here"), later);
  EXPECT_EQ(ParseMeta(meta("ep1", "7", "there"), "here"), std::nullopt) << "of another process";
  EXPECT_EQ(ParseMeta(Array({{}, {}, {}, {}, {}}), "here"), std::nullopt) << "no hash";
  for (const absl::string_view offset : {"", "-1", "+7", "7 ", "7x", "9007199254740992"}) {
    EXPECT_EQ(ParseMeta(meta("ep1", offset, "here"), "here"), std::nullopt) << offset;
  }
  EXPECT_EQ(ParseMeta(meta("not an epoch", "7", "here"), "here"), std::nullopt);
  EXPECT_EQ(ParseMeta(meta("ep2", "9", "here", String("ep1")), "here"), std::nullopt);
  EXPECT_EQ(ParseMeta(String("WRONGTYPE"), "here"), std::nullopt);
}

}  // namespace
}  // namespace weft
