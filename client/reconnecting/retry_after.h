// The Retry-After header (RFC 9110, section 10.2.3).

#ifndef WEFT_CLIENT_RECONNECTING_RETRY_AFTER_H_
#define WEFT_CLIENT_RECONNECTING_RETRY_AFTER_H_

#include <optional>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace weft {

// The value of a Retry-After header as a wait from `now` on: a number of seconds, or a date, which
// may be in the past (0). Infinite for a number that is too large, nullopt for anything else.
std::optional<absl::Duration> ParseRetryAfter(absl::string_view value, absl::Time now);

}  // namespace weft

#endif  // WEFT_CLIENT_RECONNECTING_RETRY_AFTER_H_
