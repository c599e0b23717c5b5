// The rate at which one client may send.

#ifndef WEFT_SERVER_LIMITS_RATE_LIMITER_H_
#define WEFT_SERVER_LIMITS_RATE_LIMITER_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "weft/server/limits/rate_limit.h"
#include "weft/server/limits/token_bucket.h"

namespace weft {

// The remaining budget of messages and of bytes of one session. It only counts: the session acts on
// the result, and has no such object if there is no limit.
class RateLimiter {
 public:
  // For events (messages, pings, pongs), and for bytes.
  struct Limits {
    RateLimit events{};
    RateLimit bytes{};

    // Whether there is any limit.
    bool any() const { return events.is_limited() || bytes.is_limited(); }
  };

  RateLimiter(const Limits& limits, int64_t now_ms);

  // How much of `room` to read into at once: the remaining bytes, and at most as many as the
  // remaining messages can take, but always enough to justify a system call.
  size_t ReadLimit(size_t room, int64_t now_ms);

  // This number of bytes, or one event (a message, a ping or a pong), has arrived. False if it
  // exceeds the limit.
  bool TakeBytes(size_t bytes, int64_t now_ms) {
    return !bytes_.has_value() || bytes_->Take(static_cast<int64_t>(bytes), now_ms);
  }
  bool TakeEvent(int64_t now_ms) { return !events_.has_value() || events_->Take(1, now_ms); }

  // How long not to read; 0: read now.
  int64_t WaitMs(int64_t now_ms);

 private:
  std::optional<TokenBucket> events_, bytes_;
};

}  // namespace weft

#endif  // WEFT_SERVER_LIMITS_RATE_LIMITER_H_
