#include "weft/core/deflate/codec_slot.h"

#include <utility>

#include "weft/core/deflate/permessage_deflate.h"

namespace weft {

void CodecSlot::Set(std::unique_ptr<MessageCodec> codec) {
  delete get();
  bits_ = reinterpret_cast<uintptr_t>(codec.release());
}

void CodecSlot::Park() {
  MessageCodec* const codec = get();
  if (codec == nullptr || !codec->is_replaceable()) return;
  const auto bits = [](int bits) { return static_cast<uint64_t>(bits); };
  bits_ = kParked | bits(codec->settings().window_bits) << kSendBits |
          bits(codec->receive_window_bits()) << kReceiveBits |
          uint64_t{codec->expected_ratio()} << kRatio;
  delete codec;
}

void CodecSlot::Restore(const CompressionOptions& options, uint64_t max_message_bytes,
                        BufferPool* buffers, CodecPool* codecs) {
  if (get() != nullptr || !has_codec()) return;
  const DeflateAgreement agreement = {
      .send_takeover = false,
      .send_window_bits = static_cast<uint8_t>(bits_ >> kSendBits),
      .receive_takeover = false,
      .receive_window_bits = static_cast<uint8_t>(bits_ >> kReceiveBits),
  };
  auto codec =
      std::make_unique<MessageCodec>(agreement, options, max_message_bytes, buffers, codecs);
  codec->set_expected_ratio(static_cast<uint32_t>(bits_ >> kRatio));
  bits_ = reinterpret_cast<uintptr_t>(codec.release());
}

}  // namespace weft
