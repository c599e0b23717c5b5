#include "weft/client/reconnecting/retry_after.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "weft/core/http/http_date.h"

namespace weft {

std::optional<absl::Duration> ParseRetryAfter(absl::string_view value, absl::Time now) {
  if (!value.empty() && std::all_of(value.begin(), value.end(), absl::ascii_isdigit)) {
    int64_t seconds = 0;
    return absl::SimpleAtoi(value, &seconds) ? absl::Seconds(seconds) : absl::InfiniteDuration();
  }
  const std::optional<absl::Time> date = ParseHttpDate(value, now);
  if (!date.has_value()) return std::nullopt;
  return std::max(*date - now, absl::ZeroDuration());
}

}  // namespace weft
