// How many pongs may wait to be written (RFC 6455, section 5.5.3).

#ifndef WEFT_CORE_FRAME_PONG_LIMIT_H_
#define WEFT_CORE_FRAME_PONG_LIMIT_H_

#include <cstdint>

namespace weft {

// Admits kMaxUnsent pongs after a mark in the output, and no more until all bytes before the mark
// are written; then the mark moves to the end of the output. So each ping has its own pong while
// fewer than kMaxUnsent wait, and the output never holds more than twice that number. Of the pings
// received meanwhile, the RFC allows answering only the latest.
//
// Positions count the bytes of the output from its start: WriteQueue::removed and appended. Not
// thread-safe.
class PongLimit {
 public:
  static constexpr int kMaxUnsent = 64;

  // Whether a pong may be queued at `end` when the bytes before `written` are written. Counts it.
  bool Admit(uint64_t written, uint64_t end) {
    if (!HasRoom(written)) return false;
    if (after_mark_ == kMaxUnsent) {
      mark_ = end;
      after_mark_ = 0;
    }
    ++after_mark_;
    return true;
  }

  // The same, without counting.
  bool HasRoom(uint64_t written) const { return after_mark_ < kMaxUnsent || written >= mark_; }

 private:
  uint64_t mark_ = 0;
  uint8_t after_mark_ = 0;
};

}  // namespace weft

#endif  // WEFT_CORE_FRAME_PONG_LIMIT_H_
