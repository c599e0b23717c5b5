#include "weft/core/deflate/message_codec.h"

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "gtest/gtest.h"

namespace weft {
namespace {

using Result = MessageCodec::Result;

constexpr uint64_t kMaxMessage = 1 << 20;

std::string DeflatedPart(MessageCodec& codec, absl::string_view text, bool last = true) {
  std::string out(codec.Bound(text.size()), '\0');
  out.resize(codec.Deflate(text, last, out.data()));
  return out;
}

// The whole message, or the error.
std::string Inflated(MessageCodec& codec, absl::string_view message) {
  codec.DropPayload();
  std::string pieces;
  while (true) {
    const Result result = codec.Inflate(&message, /*last=*/true);
    if (result == Result::kTooBig) return "too big";
    if (result == Result::kCorrupt) return codec.error();
    EXPECT_LE(codec.piece().size(), 64u << 10);
    pieces.append(codec.piece().data(), codec.piece().size());
    if (result == Result::kDone) break;
  }
  EXPECT_EQ(pieces, codec.payload());
  return pieces;
}

TEST(MessageCodecTest, RoundTripsOfAllSizes) {
  for (const bool takeover : {false, true}) {
    for (const bool pooled : {false, true}) {
      BufferPool buffers;
      CodecPool codecs;
      MessageCodec codec({.send_takeover = takeover, .receive_takeover = takeover}, {}, kMaxMessage,
                         pooled ? &buffers : nullptr, pooled ? &codecs : nullptr);
      for (int round = 0; round < 2; ++round) {
        for (const size_t size : {0, 1, 100, 4095, 4096, 4097, 70000, 1 << 20}) {
          std::string text;
          while (text.size() < size) text += static_cast<char>('a' + text.size() * 7919 % 26);
          EXPECT_EQ(Inflated(codec, DeflatedPart(codec, text)), text);
          // Text that does not compress at all.
          for (size_t i = 0; i < size; ++i)
            text[i] = static_cast<char>((i * i * 2654435761u) >> 13);
          EXPECT_EQ(Inflated(codec, DeflatedPart(codec, text)), text);
        }
      }
    }
  }
}

TEST(MessageCodecTest, R4_LimitIsExactAndNoMoreIsHeld) {
  MessageCodec sender({.send_takeover = false}, {}, kMaxMessage, nullptr, nullptr);
  const std::string bomb = DeflatedPart(sender, std::string(200 << 20, '\0'));
  for (const uint64_t limit :
       {uint64_t{0}, uint64_t{1}, uint64_t{2}, uint64_t{1000}, kMaxMessage}) {
    for (const std::string& message : {DeflatedPart(sender, std::string(limit + 1, 'x')), bomb}) {
      for (const bool takeover : {false, true}) {
        MessageCodec codec({.receive_takeover = takeover}, {}, limit, nullptr, nullptr);
        for (int i = 0; i < 2; ++i) {  // the limit applies to each message
          EXPECT_EQ(Inflated(codec, DeflatedPart(sender, std::string(limit, 'x'))),
                    std::string(limit, 'x'));
        }
        EXPECT_EQ(Inflated(codec, message), "too big");
        EXPECT_EQ(codec.payload().size(), limit);
        EXPECT_LE(codec.held_bytes(), limit + (takeover ? 0 : Inflater::MemoryBytes(15)));
      }
    }
  }
}

TEST(MessageCodecTest, WithoutTakeoverCodecsAreSharedAndNoneIsHeld) {
  CodecPool codecs;
  const DeflateAgreement none = {.send_takeover = false, .receive_takeover = false};
  EXPECT_EQ(MessageCodec::MemoryBytes(none, {}), 0u);
  MessageCodec a(none, {}, kMaxMessage, nullptr, &codecs),
      b(none, {}, kMaxMessage, nullptr, &codecs);
  const std::string text(1000, 'x');
  for (int i = 0; i < 3; ++i) {
    for (MessageCodec* codec : {&a, &b}) {
      EXPECT_EQ(Inflated(*codec, DeflatedPart(*codec, text)), text);
      codec->DropPayload();
      EXPECT_EQ(codec->held_bytes(), 0u);
    }
  }
  EXPECT_EQ(codecs.unused_deflaters(), 1u);
  EXPECT_EQ(codecs.unused_inflaters(), 1u);

  // A message that is incomplete keeps its own inflater, and reports it.
  std::string message = DeflatedPart(a, "half", /*last=*/false);
  message += DeflatedPart(b, text);  // of another message: b must not continue with a's
  EXPECT_EQ(codecs.unused_deflaters(), 1u);
  EXPECT_GE(a.held_bytes(), Deflater::MemoryBytes({}));
  absl::string_view half = absl::string_view(message).substr(0, 3);
  EXPECT_EQ(b.Inflate(&half, /*last=*/false), Result::kDone);
  EXPECT_EQ(codecs.unused_inflaters(), 0u);
  EXPECT_GE(b.held_bytes(), Inflater::MemoryBytes(15));
}

TEST(MessageCodecTest, TakeoverReservesItsMemory) {
  EXPECT_EQ(
      MessageCodec::MemoryBytes({.receive_window_bits = 12}, {}),
      Deflater::MemoryBytes({.window_bits = 15, .memory_level = 4}) + Inflater::MemoryBytes(12));
  EXPECT_EQ(MessageCodec::MemoryBytes({.send_window_bits = 10, .receive_takeover = false},
                                      {.memory_level = 2}),
            Deflater::MemoryBytes({.window_bits = 10, .memory_level = 2}));
  MessageCodec codec({}, {}, kMaxMessage, nullptr, nullptr);
  EXPECT_EQ(codec.reserved_bytes(), MessageCodec::MemoryBytes({}, {}));
  Inflated(codec, DeflatedPart(codec, "text"));
  codec.DropPayload();
  EXPECT_EQ(codec.held_bytes(), 0u);
}

TEST(MessageCodecTest, ReleaseIdleGivesAnUnusedCompressorWithTakeoverBackIfAsked) {
  CodecPool codecs;
  MessageCodec codec({}, {.release_when_idle = true}, kMaxMessage, nullptr, &codecs);
  MessageCodec keeper({}, {}, kMaxMessage, nullptr, &codecs);
  const std::string first = DeflatedPart(codec, "Hello"), second = DeflatedPart(codec, "Hello");
  DeflatedPart(keeper, "Hello");
  for (MessageCodec* each : {&codec, &keeper}) {
    each->ReleaseIdle();  // used since the last call
    EXPECT_EQ(codecs.unused_deflaters(), 0u);
  }
  keeper.ReleaseIdle();
  EXPECT_EQ(codecs.unused_deflaters(), 0u);
  codec.ReleaseIdle();
  EXPECT_EQ(codecs.unused_deflaters(), 1u);

  // Not during a message.
  std::string fragments = DeflatedPart(codec, "Hel", /*last=*/false);
  codec.ReleaseIdle();
  codec.ReleaseIdle();
  fragments += DeflatedPart(codec, "lo");
  // The receiver, which knows nothing of the reset, can continue.
  MessageCodec receiver({}, {}, kMaxMessage, nullptr, nullptr);
  for (const std::string& message : {first, second, fragments}) {
    EXPECT_EQ(Inflated(receiver, message), "Hello");
  }
}

TEST(MessageCodecTest, ReleaseIdleGivesUnsharedCodecsWithoutTakeoverBack) {
  MessageCodec codec({.send_takeover = false, .receive_takeover = false}, {}, kMaxMessage, nullptr,
                     nullptr);
  const size_t both = Deflater::MemoryBytes({.level = 1}) + Inflater::MemoryBytes(15);
  const std::string message = DeflatedPart(codec, "Hello");
  EXPECT_EQ(Inflated(codec, message), "Hello");
  codec.DropPayload();
  EXPECT_EQ(codec.held_bytes(), both);
  codec.ReleaseIdle();  // used since the last call
  EXPECT_EQ(codec.held_bytes(), both);
  codec.ReleaseIdle();
  EXPECT_EQ(codec.held_bytes(), 0u);

  // Not during a message.
  absl::string_view begin = absl::string_view(message).substr(0, 2);
  EXPECT_EQ(codec.Inflate(&begin, /*last=*/false), Result::kDone);
  codec.ReleaseIdle();
  codec.ReleaseIdle();
  absl::string_view rest = absl::string_view(message).substr(2);
  EXPECT_EQ(codec.Inflate(&rest, /*last=*/true), Result::kDone);
  EXPECT_EQ(codec.payload(), "Hello");
}

TEST(MessageCodecTest, MessageOfAnotherCodecInBetween) {
  MessageCodec sender({}, {}, kMaxMessage, nullptr, nullptr),
      other({}, {}, kMaxMessage, nullptr, nullptr);
  MessageCodec receiver({}, {}, kMaxMessage, nullptr, nullptr);
  const std::string text = "the quick brown fox jumps over the lazy dog";
  EXPECT_EQ(Inflated(receiver, DeflatedPart(sender, text)), text);
  EXPECT_EQ(
      Inflated(receiver, DeflatedPart(other, "for all, and long enough to shift what follows")),
      "for all, and long enough to shift what follows");
  sender.OtherWasSent();
  EXPECT_EQ(Inflated(receiver, DeflatedPart(sender, text)), text);
  EXPECT_EQ(Inflated(receiver, DeflatedPart(sender, text)), text);
}

}  // namespace
}  // namespace weft
