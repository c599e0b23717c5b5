// A rate limit by token bucket.

#ifndef WEFT_SERVER_LIMITS_TOKEN_BUCKET_H_
#define WEFT_SERVER_LIMITS_TOKEN_BUCKET_H_

#include <algorithm>
#include <cstdint>

namespace weft {

// A bucket that gains a fixed number of tokens per second and holds at most a burst of them. With
// integers: nothing is rounded, so the rate is exact over any time. Without a clock; not
// thread-safe.
//
//   TokenBucket messages(10, 20, now_ms);          // 10 per second, burst of 20
//   if (!messages.Take(1, now_ms)) Wait(messages.WaitMs(now_ms));
class TokenBucket {
 public:
  static constexpr int64_t kMost = int64_t{1} << 32;

  // The bucket starts full. `per_second` and `burst` are 1 to kMost.
  TokenBucket(int64_t per_second, int64_t burst, int64_t now_ms)
      : per_second_(per_second), full_(burst * kParts), level_(full_), filled_ms_(now_ms) {}

  // Takes `count` tokens, 0 to kMost, even if there are fewer: the missing ones become a debt.
  // Returns false if there is a debt. `now_ms` must not decrease from call to call.
  bool Take(int64_t count, int64_t now_ms) {
    Fill(now_ms);
    level_ = std::max(level_ - count * kParts, -kMost * kParts);
    return level_ >= 0;
  }

  // The available whole tokens; 0 if there is a debt.
  int64_t Tokens(int64_t now_ms) {
    Fill(now_ms);
    return std::max<int64_t>(level_, 0) / kParts;
  }

  // The time until there is a token; 0 if there is one.
  int64_t WaitMs(int64_t now_ms);

 private:
  // A token is divided so that each millisecond adds an integer number of parts: the rate.
  static constexpr int64_t kParts = 1000;

  // Most calls come in the same turn of a loop as the previous one.
  void Fill(int64_t now_ms) {
    if (now_ms != filled_ms_) FillLater(now_ms);
  }
  void FillLater(int64_t now_ms);

  int64_t per_second_;
  int64_t full_;
  int64_t level_;  // negative: a debt
  int64_t filled_ms_;
};

}  // namespace weft

#endif  // WEFT_SERVER_LIMITS_TOKEN_BUCKET_H_
