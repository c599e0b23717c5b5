#include "weft/server/limits/rate_limiter.h"

#include <algorithm>
#include <cstdint>

namespace weft {
namespace {

constexpr size_t kWorthACall = 4096;

// A masked header, and an empty payload (RFC 6455, section 5.2).
constexpr size_t kSmallestFrame = 6;

std::optional<TokenBucket> MakeBucket(const RateLimit& limit, int64_t now_ms) {
  if (!limit.is_limited()) return std::nullopt;
  return TokenBucket(limit.per_second, limit.burst == 0 ? limit.per_second : limit.burst, now_ms);
}

}  // namespace

RateLimiter::RateLimiter(const Limits& limits, int64_t now_ms)
    : events_(MakeBucket(limits.events, now_ms)), bytes_(MakeBucket(limits.bytes, now_ms)) {}

size_t RateLimiter::ReadLimit(size_t room, int64_t now_ms) {
  size_t limit = room;
  if (bytes_.has_value()) limit = std::min<size_t>(limit, bytes_->Tokens(now_ms));
  if (events_.has_value()) limit = std::min(limit, events_->Tokens(now_ms) * kSmallestFrame);
  return std::min(room, std::max(limit, kWorthACall));
}

int64_t RateLimiter::WaitMs(int64_t now_ms) {
  return std::max(bytes_.has_value() ? bytes_->WaitMs(now_ms) : 0,
                  events_.has_value() ? events_->WaitMs(now_ms) : 0);
}

}  // namespace weft
