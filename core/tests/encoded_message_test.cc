#include "weft/core/encoded_message.h"

#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "weft/core/frame/frame.h"

namespace weft {
namespace {

// The payload of a compressed frame, inflated; otherwise "not compressed" or "corrupt".
std::string InflateFrame(absl::string_view frame, int window_bits) {
  FrameHeader header;
  frame.remove_prefix(DecodeFrameHeader(frame, &header));
  if (header.rsv != kRsv1) return "not compressed";
  EXPECT_EQ(header.payload_length, frame.size());
  Inflater inflater(window_bits);
  std::string text(1 << 20, '\0');
  absl::Span<char> left = absl::MakeSpan(text);
  if (inflater.Inflate(&frame, &left, true) != Inflater::Result::kDone) return "corrupt";
  text.resize(text.size() - left.size());
  return text;
}

// Text that repeats parts from far back, so that the size of the window matters.
std::string LongText() {
  std::string text;
  for (int i = 0; i < 2000; ++i) absl::StrAppend(&text, i * 7919 % 10007, ",");
  return absl::StrCat(text, text);
}

TEST(EncodedMessageTest, IsCompressedOnceForAllWithTheSameWindow) {
  const std::string text = LongText();
  const EncodedMessage message = *EncodedMessage::Make(Opcode::kText, text);
  const EncodedMessage copy = message;
  CodecPool codecs;
  size_t last_size = SIZE_MAX;
  for (const int window_bits : {8, 15}) {
    const absl::string_view frame = message.CompressedFrame({.window_bits = window_bits}, &codecs);
    EXPECT_EQ(InflateFrame(frame, window_bits), text);
    EXPECT_LT(frame.size(), last_size);
    last_size = frame.size();
    EXPECT_EQ(copy.CompressedFrame({.window_bits = window_bits}, nullptr).data(), frame.data());
  }
  EXPECT_EQ(codecs.unused_deflaters(), 2u);
  EXPECT_EQ(message.size(), text.size());
}

TEST(EncodedMessageTest, IsCompressedOnceByManyThreads) {
  const std::string text = LongText();
  for (int round = 0; round < 20; ++round) {
    const EncodedMessage message = *EncodedMessage::Make(Opcode::kText, text);
    std::vector<absl::string_view> frames(4);
    std::vector<std::thread> threads;
    for (absl::string_view& frame : frames) {
      threads.emplace_back([&frame, message] { frame = message.CompressedFrame({}, nullptr); });
    }
    for (std::thread& thread : threads) thread.join();
    for (const absl::string_view frame : frames) EXPECT_EQ(frame.data(), frames[0].data());
    EXPECT_EQ(InflateFrame(frames[0], 15), text);
  }
}

TEST(EncodedMessageTest, StaysAsItIsWhereThatIsSmallerOrAskedFor) {
  for (const std::string& text : {std::string(), std::string("x"), std::string("no repetition")}) {
    const EncodedMessage message = *EncodedMessage::Make(Opcode::kText, text);
    EXPECT_EQ(message.CompressedFrame({}, nullptr), message.frame());
  }
  const EncodedMessage secret =
      *EncodedMessage::Make(Opcode::kBinary, std::string(1000, 'x'), Compress::kNo);
  EXPECT_EQ(secret.CompressedFrame({}, nullptr), secret.frame());
}

}  // namespace
}  // namespace weft
