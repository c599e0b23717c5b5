// The options for the rate at which one client may send.

#ifndef WEFT_SERVER_LIMITS_RATE_LIMIT_H_
#define WEFT_SERVER_LIMITS_RATE_LIMIT_H_

#include <cstdint>
#include <limits>

namespace weft {

// A rate per second, 1 to 2^32, and a burst, at most 2^32.
struct RateLimit {
  int64_t per_second = std::numeric_limits<int64_t>::max();  // no limit
  int64_t burst = 0;                                         // 0: the same as one second's rate

  bool is_limited() const { return per_second != std::numeric_limits<int64_t>::max(); }
};

// The action for a client that exceeds its rate.
enum class OverRate : uint8_t {
  kDelay,  // it is read no faster; its messages wait, in the kernel and then at the client
  kClose,  // it is closed with 1008, and its further input is ignored
};

}  // namespace weft

#endif  // WEFT_SERVER_LIMITS_RATE_LIMIT_H_
