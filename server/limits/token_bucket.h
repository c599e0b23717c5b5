// How much of something there may be in a time.

#ifndef WEFT_SERVER_LIMITS_TOKEN_BUCKET_H_
#define WEFT_SERVER_LIMITS_TOKEN_BUCKET_H_

#include <algorithm>
#include <cstdint>

namespace weft {

// A bucket into which so many tokens fall each second, and that holds no more than a burst of them.
// In whole numbers: nothing is rounded, so the rate holds over any time. Without a clock; not
// thread-safe.
//
//   TokenBucket messages(10, 20, now_ms);          // 10 a second, 20 at once
//   if (!messages.Take(1, now_ms)) Wait(messages.WaitMs(now_ms));
class TokenBucket {
 public:
  static constexpr int64_t kMost = int64_t{1} << 32;

  // Full. `per_second` and `burst` are 1 to kMost.
  TokenBucket(int64_t per_second, int64_t burst, int64_t now_ms)
      : per_second_(per_second), full_(burst * kParts), level_(full_), filled_ms_(now_ms) {}

  // Takes `count` tokens, 0 to kMost, whether there are so many or not: what is missing is owed.
  // False when something is. `now_ms` never goes back from call to call.
  bool Take(int64_t count, int64_t now_ms) {
    Fill(now_ms);
    level_ = std::max(level_ - count * kParts, -kMost * kParts);
    return level_ >= 0;
  }

  // Whole tokens that are there; 0 when some are owed.
  int64_t Tokens(int64_t now_ms) {
    Fill(now_ms);
    return std::max<int64_t>(level_, 0) / kParts;
  }

  // How long it takes until there is a token; 0 when there is.
  int64_t WaitMs(int64_t now_ms);

 private:
  // A token has so many parts that each millisecond brings a whole number of them: the rate.
  static constexpr int64_t kParts = 1000;

  // Most calls come in the same turn of a loop as the one before.
  void Fill(int64_t now_ms) {
    if (now_ms != filled_ms_) FillLater(now_ms);
  }
  void FillLater(int64_t now_ms);

  int64_t per_second_;
  int64_t full_;
  int64_t level_;  // negative: owed
  int64_t filled_ms_;
};

}  // namespace weft

#endif  // WEFT_SERVER_LIMITS_TOKEN_BUCKET_H_
