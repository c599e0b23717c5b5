#include "weft/bench/engine/echo_stream.h"

#include <set>
#include <string>

#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "weft/core/frame/frame.h"
#include "weft/core/frame/mask.h"
#include "weft/core/frame/opcode.h"
#include "weft/core/frame/utf8.h"

namespace weft::bench {
namespace {

constexpr size_t kRight = absl::string_view::npos;
constexpr size_t kSizes[] = {0, 1, 20, 125, 126, 1024, 65535, 65536, 200000};

// The first `count` echoes from a correct server.
std::string Echoes(const EchoStream& stream, size_t count) {
  std::string echoes;
  for (size_t i = 0; i < count; ++i) {
    const absl::string_view sent = stream.Sent(i * stream.sent_size(), stream.sent_size());
    FrameHeader header;
    const size_t size = DecodeFrameHeader(sent, &header);
    std::string payload(sent.substr(size));
    Mask(absl::MakeSpan(payload), header.masking_key);
    header.masked = false;
    char bytes[kMaxFrameHeaderSize];
    echoes.append(bytes, EncodeFrameHeader(header, bytes)).append(payload);
  }
  return echoes;
}

TEST(MakePayloadTest, HasTheSizeAskedForAndIsValidUtf8WhenText) {
  for (PayloadKind kind : {PayloadKind::kBinary, PayloadKind::kText, PayloadKind::kMixedText}) {
    for (size_t size : kSizes) {
      for (uint32_t seed = 0; seed < 8; ++seed) {
        const std::string payload = MakePayload(kind, size, seed);
        ASSERT_EQ(payload.size(), size);
        ASSERT_EQ(payload, MakePayload(kind, size, seed));
        if (kind == PayloadKind::kBinary) continue;
        ASSERT_TRUE(IsValidUtf8(payload));
      }
    }
  }
}

TEST(MakePayloadTest, MixedTextHasCharactersOfOneToFourBytes) {
  const std::string text = MakePayload(PayloadKind::kMixedText, 4096, 1);
  size_t leads[5] = {};
  for (char c : text) {
    const uint8_t byte = static_cast<uint8_t>(c);
    ++leads[byte < 0x80 ? 1 : byte < 0xC0 ? 0 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4];
  }
  for (int size = 1; size <= 4; ++size) EXPECT_GT(leads[size], 50u) << size;
}

TEST(EchoStreamTest, SendsMaskedFramesOfTheKindAndSizeAskedFor) {
  for (PayloadKind kind : {PayloadKind::kBinary, PayloadKind::kText, PayloadKind::kMixedText}) {
    for (size_t size : kSizes) {
      const EchoStream stream({.kind = kind, .payload = size});
      std::set<MaskingKey> keys;
      for (size_t i = 0; i < stream.cycle(); ++i) {
        const absl::string_view sent = stream.Sent(i * stream.sent_size(), stream.sent_size());
        FrameHeader header;
        ASSERT_EQ(DecodeFrameHeader(sent, &header) + size, sent.size());
        ASSERT_TRUE(header.fin && header.masked) << DebugString(header);
        ASSERT_EQ(header.payload_length, size);
        ASSERT_EQ(header.opcode, kind == PayloadKind::kBinary ? Opcode::kBinary : Opcode::kText);
        keys.insert(header.masking_key);
      }
      EXPECT_EQ(keys.size(), stream.cycle());
    }
  }
}

TEST(EchoStreamTest, TakesRightEchoesHoweverTheyAreCut) {
  for (size_t size : kSizes) {
    const EchoStream stream({.kind = PayloadKind::kText, .payload = size});
    const std::string echoes = Echoes(stream, 3 * stream.cycle());
    ASSERT_EQ(echoes.size(), 3 * stream.cycle() * stream.echo_size());
    EXPECT_EQ(stream.Mismatch(0, echoes), kRight);
    for (size_t piece : {1 + stream.echo_size() / 3, stream.echo_size(), size_t{524287}}) {
      for (size_t at = 0; at < echoes.size(); at += piece) {
        ASSERT_EQ(stream.Mismatch(at, absl::string_view(echoes).substr(at, piece)), kRight);
      }
    }
  }
}

TEST(EchoStreamTest, SeesEveryWrongByteAndSaysWhere) {
  const EchoStream stream({.payload = 130});
  const std::string echoes = Echoes(stream, stream.cycle() + 2);
  for (size_t at = 0; at < echoes.size(); ++at) {
    std::string wrong = echoes;
    wrong[at] ^= 0x10;
    ASSERT_EQ(stream.Mismatch(0, wrong), at);
  }
  std::string wrong = echoes;
  wrong[stream.echo_size()] = 0x01;  // the second echo says that it is text and not the last frame
  EXPECT_EQ(stream.Describe(0, wrong, stream.echo_size()),
            "byte 0 of an echo of 134 bytes is 0x01 and must be 0x82");
}

TEST(EchoStreamTest, SeesEchoesThatChangedPlaces) {
  const EchoStream stream({.payload = 20});
  const std::string echoes = Echoes(stream, stream.cycle());
  for (size_t i = 1; i < stream.cycle(); ++i) {
    EXPECT_NE(stream.Mismatch(0, absl::string_view(echoes).substr(i * stream.echo_size())), kRight);
  }
}

TEST(EchoStreamTest, RawEchoesAreWhatWasSent) {
  const EchoStream stream({.payload = 1024, .raw = true});
  EXPECT_EQ(stream.echo_size(), stream.sent_size());
  const absl::string_view sent = stream.Sent(0, stream.sent_size());
  EXPECT_EQ(stream.Mismatch(0, sent), kRight);
  EXPECT_EQ(stream.Mismatch(stream.cycle() * stream.sent_size(), sent), kRight);
}

TEST(EchoStreamTest, AnyDepthMessagesInARowCanBeSentAtOnce) {
  for (size_t depth : {1, 2, 16, 1000}) {
    const EchoStream stream({.payload = 20, .depth = depth});
    for (size_t first = 0; first < 2 * stream.cycle(); ++first) {
      std::string one_by_one;
      for (size_t i = first; i < first + depth; ++i) {
        one_by_one += std::string(stream.Sent(i * stream.sent_size(), stream.sent_size()));
      }
      ASSERT_EQ(stream.Sent(first * stream.sent_size(), depth * stream.sent_size()), one_by_one);
    }
  }
}

}  // namespace
}  // namespace weft::bench
