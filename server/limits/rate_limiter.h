// How much one client may send in a time.

#ifndef WEFT_SERVER_LIMITS_RATE_LIMITER_H_
#define WEFT_SERVER_LIMITS_RATE_LIMITER_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "weft/server/limits/rate_limit.h"
#include "weft/server/limits/token_bucket.h"

namespace weft {

// What is left of a limit of messages and of one of bytes for one session. It only counts: what
// follows is up to the session, which has none of these where there is no limit.
class RateLimiter {
 public:
  // Of events (messages, pings, pongs), and of bytes.
  struct Limits {
    RateLimit events{};
    RateLimit bytes{};

    // Whether they limit anything.
    bool any() const { return events.per_second != 0 || bytes.per_second != 0; }
  };

  RateLimiter(const Limits& limits, int64_t now_ms);

  // How much of `room` to read into at once: what is left of the bytes, and what can hold no more
  // messages than are left, but enough at any time to be worth a system call.
  size_t ReadLimit(size_t room, int64_t now_ms);

  // So many bytes came, or one event (a message, a ping or a pong). False: more than there may be.
  bool TakeBytes(size_t bytes, int64_t now_ms) {
    return !bytes_.has_value() || bytes_->Take(static_cast<int64_t>(bytes), now_ms);
  }
  bool TakeEvent(int64_t now_ms) { return !events_.has_value() || events_->Take(1, now_ms); }

  // How long not to read; 0: read.
  int64_t WaitMs(int64_t now_ms);

 private:
  std::optional<TokenBucket> events_, bytes_;
};

}  // namespace weft

#endif  // WEFT_SERVER_LIMITS_RATE_LIMITER_H_
