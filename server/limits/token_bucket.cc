#include "weft/server/limits/token_bucket.h"

namespace weft {
namespace {

// Twelve days; longer times count as this, so that the product with any rate fits.
constexpr int64_t kLongestMs = int64_t{1} << 30;

static_assert(kLongestMs < INT64_MAX / TokenBucket::kMost);

}  // namespace

void TokenBucket::FillLater(int64_t now_ms) {
  const int64_t elapsed = std::min(now_ms - filled_ms_, kLongestMs);
  level_ = std::min(level_ + elapsed * per_second_, full_);
  filled_ms_ = now_ms;
}

int64_t TokenBucket::WaitMs(int64_t now_ms) {
  Fill(now_ms);
  const int64_t missing = kParts - level_;
  return missing <= 0 ? 0 : (missing + per_second_ - 1) / per_second_;
}

}  // namespace weft
