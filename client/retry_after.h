// When a server wants to be asked again: the Retry-After header (RFC 9110, section 10.2.3).

#ifndef WEFT_CLIENT_RETRY_AFTER_H_
#define WEFT_CLIENT_RETRY_AFTER_H_

#include <optional>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace weft {

// The value of a Retry-After header as a wait from `now` on: a number of seconds, or a date, which
// can be past (0). Infinite for a number that is too large, nullopt for anything else.
std::optional<absl::Duration> ParseRetryAfter(absl::string_view value, absl::Time now);

// A date of HTTP in any of its three forms (RFC 9110, section 5.6.7). Of one whose year has two
// digits, the century is such that it is not more than 50 years after `now`. The day of the week is
// not compared.
std::optional<absl::Time> ParseHttpDate(absl::string_view text, absl::Time now);

}  // namespace weft

#endif  // WEFT_CLIENT_RETRY_AFTER_H_
