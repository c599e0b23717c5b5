#include "weft/cluster/envelope.h"

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "weft/core/deflate/compression.h"
#include "weft/core/encoded_message.h"
#include "weft/core/frame/opcode.h"

namespace weft {
namespace {

std::string Encode(const TopicMessage& message) {
  std::string bytes;
  EXPECT_TRUE(AppendEnvelope(message, &bytes).ok());
  return bytes;
}

TopicMessage Everything() {
  return {.message = *EncodedMessage::Make(Opcode::kBinary, "payload", Compress::kNo),
          .key = "key",
          .id = "i",
          .time = absl::FromUnixMillis(1796000000000)};
}

// "version n + 1": what this code will get from a newer node during an upgrade.
void ExpectNewer(absl::string_view bytes, absl::string_view text) {
  const absl::StatusOr<TopicMessage> parsed = ParseEnvelope(bytes);
  EXPECT_EQ(parsed.status().code(), absl::StatusCode::kUnimplemented);
  EXPECT_TRUE(absl::StrContains(parsed.status().message(), text)) << parsed.status();
}

void ExpectInvalid(absl::string_view bytes, absl::string_view text) {
  const absl::StatusOr<TopicMessage> parsed = ParseEnvelope(bytes);
  EXPECT_EQ(parsed.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(absl::StrContains(parsed.status().message(), text)) << parsed.status();
}

TEST(EnvelopeTest, TheBytesOfAText) {
  const TopicMessage text = {.message = *EncodedMessage::Make(Opcode::kText, "hi")};
  EXPECT_EQ(Encode(text), std::string("\x01\x00\0\0\0\0\0\0\0\0hi", 12));
}

TEST(EnvelopeTest, TheBytesOfEverything) {
  EXPECT_EQ(Encode(Everything()),
            std::string("\x01\x0f\x00\x00\x01\xa2\x29\xf1\x28\x00\x00\x03key\x00\x01ipayload", 25));
}

TEST(EnvelopeTest, ComesBackAsItWas) {
  const absl::StatusOr<TopicMessage> parsed = ParseEnvelope(Encode(Everything()));
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(parsed->message.payload(), "payload");
  EXPECT_EQ(parsed->message.opcode(), Opcode::kBinary);
  EXPECT_EQ(parsed->message.compress(), Compress::kNo);
  EXPECT_EQ(parsed->key, "key");
  EXPECT_EQ(parsed->id, "i");
  EXPECT_EQ(parsed->time, absl::FromUnixMillis(1796000000000));
  EXPECT_FALSE(parsed->position.is_set());
}

TEST(EnvelopeTest, AnEmptyPayload) {
  const TopicMessage empty = {.message = *EncodedMessage::Make(Opcode::kText, "")};
  EXPECT_EQ(ParseEnvelope(Encode(empty))->message.payload(), "");
}

TEST(EnvelopeTest, RefusesTheNextVersionWhateverFollows) {
  std::string bytes = Encode(Everything());
  bytes[0] = kEnvelopeVersion + 1;
  ExpectNewer(bytes, "version 2: this node reads version 1");
  ExpectNewer("\x02", "version 2");
  ExpectNewer(absl::string_view("\0", 1), "version 0");
}

TEST(EnvelopeTest, RefusesUnknownFlags) {
  std::string bytes = Encode(Everything());
  for (const char flag : {'\x10', '\x20', '\x40', '\x80'}) {
    bytes[1] = flag;
    ExpectNewer(bytes, "flags");
  }
}

TEST(EnvelopeTest, RefusesEveryCutBeforeThePayload) {
  const std::string bytes = Encode(Everything());
  for (size_t size = 0; size < bytes.size() - 7; ++size) {
    ExpectInvalid(absl::string_view(bytes).substr(0, size), size < 10 ? "at least 10 bytes" : "of");
  }
  EXPECT_TRUE(ParseEnvelope(absl::string_view(bytes).substr(0, bytes.size() - 7)).ok());
}

TEST(EnvelopeTest, RefusesLengthsThatDoNotFit) {
  std::string bytes = Encode(Everything());
  bytes[10] = '\xff';
  ExpectInvalid(bytes, "the key of an envelope has 65283 bytes, and 13 follow");
  bytes = Encode(Everything());
  bytes[11] = 0;
  ExpectInvalid(bytes, "the key of an envelope has 0 bytes");
  bytes[2] = '\x7f';
  ExpectInvalid(bytes, "below 2^53");
}

TEST(EnvelopeTest, RefusesTextThatIsNotUtf8) {
  ExpectInvalid(absl::string_view("\x01\x00\0\0\0\0\0\0\0\0\xff", 11), "UTF-8");
}

TEST(EnvelopeTest, RefusesToEncodeALongKeyOrId) {
  TopicMessage message = Everything();
  std::string bytes = "unchanged";
  message.key = std::string(65536, 'k');
  EXPECT_EQ(AppendEnvelope(message, &bytes).message(),
            "the key of a message has at most 65535 bytes, not 65536");
  message.key.pop_back();
  message.id = std::string(65536, 'i');
  EXPECT_EQ(AppendEnvelope(message, &bytes).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(bytes, "unchanged");
  message.id.pop_back();
  EXPECT_EQ(ParseEnvelope(Encode(message))->id, message.id);
}

TEST(EnvelopeTest, CutsTimesThatItCannotExpress) {
  TopicMessage message = Everything();
  message.time = absl::InfinitePast();
  EXPECT_EQ(ParseEnvelope(Encode(message))->time, absl::UnixEpoch());
  message.time = absl::InfiniteFuture();
  EXPECT_EQ(absl::ToUnixMillis(ParseEnvelope(Encode(message))->time), (int64_t{1} << 53) - 1);
}

}  // namespace
}  // namespace weft
