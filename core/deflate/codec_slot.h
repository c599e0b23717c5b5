// A connection's place for its codec.

#ifndef WEFT_CORE_DEFLATE_CODEC_SLOT_H_
#define WEFT_CORE_DEFLATE_CODEC_SLOT_H_

#include <cstdint>
#include <memory>

#include "weft/core/deflate/codec_pool.h"
#include "weft/core/deflate/compression.h"
#include "weft/core/deflate/message_codec.h"
#include "weft/core/memory/buffer.h"

namespace weft {

// A MessageCodec, or what it takes to make it again, or neither, in eight bytes: without takeover a
// codec keeps nothing from one message to the next, and an idle connection needs none. Not
// thread-safe.
class CodecSlot {
 public:
  CodecSlot() = default;
  ~CodecSlot() { delete get(); }
  CodecSlot(const CodecSlot&) = delete;
  CodecSlot& operator=(const CodecSlot&) = delete;

  void Set(std::unique_ptr<MessageCodec> codec);

  // Whether there is a codec, parked or not; the codec, or null if it is parked or there is none.
  bool has_codec() const { return bits_ != 0; }
  MessageCodec* get() const { return (bits_ & kParked) != 0 ? nullptr : codec(); }
  MessageCodec* operator->() const { return get(); }

  // Frees a codec that can be made again. Between messages.
  void Park();

  // Makes a parked codec again; the arguments are those of the first one's constructor.
  void Restore(const CompressionOptions& options, uint64_t max_message_bytes, BufferPool* buffers,
               CodecPool* codecs);

 private:
  static constexpr uint64_t kParked = 1;  // a pointer does not have this bit
  static constexpr int kSendBits = 8;     // positions of the parts of a parked codec
  static constexpr int kReceiveBits = 16;
  static constexpr int kRatio = 24;

  MessageCodec* codec() const {
    // NOLINTNEXTLINE(performance-no-int-to-ptr): the bits are a pointer or a parked codec
    return reinterpret_cast<MessageCodec*>(static_cast<uintptr_t>(bits_));
  }

  uint64_t bits_ = 0;
};

}  // namespace weft

#endif  // WEFT_CORE_DEFLATE_CODEC_SLOT_H_
