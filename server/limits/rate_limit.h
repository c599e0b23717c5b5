// How much one client may send in a time: what a server's options say.

#ifndef WEFT_SERVER_LIMITS_RATE_LIMIT_H_
#define WEFT_SERVER_LIMITS_RATE_LIMIT_H_

#include <cstdint>

namespace weft {

// So much a second, and so much at once. Both at most 2^32.
struct RateLimit {
  int64_t per_second = 0;  // 0: no limit
  int64_t burst = 0;       // 0: what a second brings
};

// What becomes of a client that sends more than it may.
enum class OverRate : uint8_t {
  kDelay,  // it is read no faster; what it sends waits, in the kernel and then with itself
  kClose,  // it is closed with 1008, and what it sent from then on is not looked at
};

}  // namespace weft

#endif  // WEFT_SERVER_LIMITS_RATE_LIMIT_H_
