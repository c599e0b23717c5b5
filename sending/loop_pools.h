// The memory that the connections of one event loop share.

#ifndef WEFT_SENDING_LOOP_POOLS_H_
#define WEFT_SENDING_LOOP_POOLS_H_

#include <cstddef>
#include <cstdint>

#include "absl/types/span.h"
#include "weft/core/deflate/codec_pool.h"
#include "weft/core/memory/buffer.h"
#include "weft/loop/event_loop.h"

namespace weft {

// Buffers and codecs that are passed from one connection to the next. Those that stay unused are
// freed after two to four seconds, even while the loop is idle. For the loop's thread.
class LoopPools : private Timer {
 public:
  static constexpr int64_t kTrimEveryMs = 2000;

  // `loop` must outlive the pools.
  explicit LoopPools(EventLoop& loop) : loop_(loop) {}

  // The buffer into which every connection of the loop reads, one after the other.
  absl::Span<char> scratch() { return absl::MakeSpan(scratch_.data(), kScratchBytes); }

  BufferPool& buffers() { return buffers_; }
  CodecPool& codecs() { return codecs_; }

  // Call this at the end of each turn.
  void TrimLater() {
    if (!armed() && HoldsUnused()) loop_.ArmTimer(this, loop_.now_ms() + kTrimEveryMs);
  }

 private:
  static constexpr size_t kScratchBytes = 512 << 10;

  bool HoldsUnused() const {
    return buffers_.unused_bytes() > 0 ||
           codecs_.unused_deflaters() + codecs_.unused_inflaters() > 0;
  }

  void OnTimer() override {
    buffers_.Trim();
    codecs_.Trim();
  }

  EventLoop& loop_;
  BufferPool buffers_;
  CodecPool codecs_;
  Buffer scratch_{kScratchBytes};
};

}  // namespace weft

#endif  // WEFT_SENDING_LOOP_POOLS_H_
