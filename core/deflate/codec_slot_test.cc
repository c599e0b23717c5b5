#include "weft/core/deflate/codec_slot.h"

#include <cstdint>
#include <memory>

#include "gtest/gtest.h"
#include "weft/core/deflate/codec_pool.h"
#include "weft/core/deflate/compression.h"
#include "weft/core/deflate/message_codec.h"
#include "weft/core/deflate/permessage_deflate.h"
#include "weft/core/memory/buffer.h"

namespace weft {
namespace {

constexpr uint64_t kLimit = 1 << 20;

class CodecSlotTest : public ::testing::Test {
 protected:
  std::unique_ptr<MessageCodec> NewCodec(const DeflateAgreement& agreement) {
    return std::make_unique<MessageCodec>(agreement, options_, kLimit, &buffers_, &codecs_);
  }
  void Restore(CodecSlot& slot) { slot.Restore(options_, kLimit, &buffers_, &codecs_); }

  const CompressionOptions options_{};
  BufferPool buffers_;
  CodecPool codecs_;
};

constexpr DeflateAgreement kNoTakeover = {.send_takeover = false,
                                          .send_window_bits = 10,
                                          .receive_takeover = false,
                                          .receive_window_bits = 13};

// The next message is inflated into a buffer of the right size, as if the codec had stayed.
TEST_F(CodecSlotTest, AParkedCodecKeepsItsRatioAndItsWindows) {
  for (const uint32_t ratio : {8, 16, 1024}) {
    CodecSlot slot;
    slot.Set(NewCodec(kNoTakeover));
    slot->set_expected_ratio(ratio);
    for (int i = 0; i < 2; ++i) {
      slot.Park();
      EXPECT_EQ(slot.get(), nullptr);
      EXPECT_TRUE(slot.has_codec());
      slot.Park();  // has no effect
      Restore(slot);
      ASSERT_NE(slot.get(), nullptr);
      EXPECT_EQ(slot->expected_ratio(), ratio);
      EXPECT_EQ(slot->settings().window_bits, 10);
      EXPECT_EQ(slot->receive_window_bits(), 13);
      MessageCodec* const codec = slot.get();
      Restore(slot);  // has no effect
      EXPECT_EQ(slot.get(), codec);
    }
  }
}

TEST_F(CodecSlotTest, ACodecWithTakeoverIsNotParked) {
  for (const bool send : {false, true}) {
    CodecSlot slot;
    slot.Set(NewCodec({.send_takeover = send, .receive_takeover = !send}));
    MessageCodec* const codec = slot.get();
    slot.Park();
    EXPECT_EQ(slot.get(), codec);
  }
}

TEST_F(CodecSlotTest, AnEmptySlotStaysEmpty) {
  CodecSlot slot;
  slot.Park();
  Restore(slot);
  EXPECT_FALSE(slot.has_codec());
  EXPECT_EQ(slot.get(), nullptr);
}

}  // namespace
}  // namespace weft
