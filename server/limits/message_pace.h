// How fast the rest of an unfinished message arrives.

#ifndef WEFT_SERVER_LIMITS_MESSAGE_PACE_H_
#define WEFT_SERVER_LIMITS_MESSAGE_PACE_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "weft/loop/moment.h"

namespace weft {

// Compares the rate of a message with ServerRates::min_message_bytes_per_second, in stretches of
// ServerRates::message_grace, so that a message that was fast at first cannot be slow later. Not
// thread-safe.
//
//   pace.StartStretch(now_ms, bytes_read);
//   ...
//   if (pace.HasLasted(now_ms, grace_ms)) {
//     if (pace.IsBelow(now_ms, bytes_read, bytes_per_second)) return Refuse();
//     pace.StartStretch(now_ms, bytes_read);
//   }
class MessagePace {
 public:
  // `bytes` of the message were read before this stretch.
  void StartStretch(int64_t now_ms, size_t bytes) {
    since_ = Moment(now_ms);
    bytes_ = bytes;
  }

  // No message is unfinished.
  void Stop() { since_ = Moment(); }
  bool started() const { return since_.is_set(); }

  // When the present stretch started. Only if started().
  Moment since() const { return since_; }
  bool HasLasted(int64_t now_ms, int64_t grace_ms) const {
    return since_.MsAgo(now_ms) >= grace_ms;
  }

  // Whether the message, of which `bytes` have been read by now, was slower than
  // `bytes_per_second`, which is at least 1, in this stretch. Fewer bytes than at the start of the
  // stretch are those of another message, and count as none.
  bool IsBelow(int64_t now_ms, size_t bytes, size_t bytes_per_second) const {
    const size_t came = bytes - std::min(bytes, bytes_);
    return came / bytes_per_second < static_cast<size_t>(since_.MsAgo(now_ms)) / 1000;
  }

 private:
  Moment since_;
  size_t bytes_ = 0;
};

}  // namespace weft

#endif  // WEFT_SERVER_LIMITS_MESSAGE_PACE_H_
