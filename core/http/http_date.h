// Dates in HTTP headers (RFC 9110, section 5.6.7), in English whatever the locale is.

#ifndef WEFT_CORE_HTTP_HTTP_DATE_H_
#define WEFT_CORE_HTTP_HTTP_DATE_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace weft {

// "Sun, 06 Nov 1994 08:49:37 GMT", the form to send: whole seconds, rounded down. Years have four
// digits, so a time before the year 0 or after 9999 becomes the first or last second of that range.
std::string HttpDate(absl::Time time);

// Parses a date in any of the three forms that a recipient must accept. A two-digit year is at most
// 50 years after `now`. The day of the week is not checked.
std::optional<absl::Time> ParseHttpDate(absl::string_view text, absl::Time now);

}  // namespace weft

#endif  // WEFT_CORE_HTTP_HTTP_DATE_H_
