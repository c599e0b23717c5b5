// How much one client may send in a time.

#ifndef WEFT_SERVER_RATE_LIMITER_H_
#define WEFT_SERVER_RATE_LIMITER_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "weft/server/server_options.h"
#include "weft/server/token_bucket.h"

namespace weft {

// What is left of ServerOptions::message_rate and byte_rate for one session. It only counts: what
// follows is up to the session, which has none of these where there is no limit.
class RateLimiter {
 public:
  // Whether these options limit anything.
  static bool IsNeeded(const ServerOptions& options);

  RateLimiter(const ServerOptions& options, int64_t now_ms);

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

#endif  // WEFT_SERVER_RATE_LIMITER_H_
