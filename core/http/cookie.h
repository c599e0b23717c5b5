// The Cookie header of a request (RFC 6265, section 4.2).

#ifndef WEFT_CORE_HTTP_COOKIE_H_
#define WEFT_CORE_HTTP_COOKIE_H_

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace weft {

// "a=1; b=2" for names and values, in their order; empty for none. A value is sent as it is, as
// servers expect to get back what they have set: nothing is encoded. InvalidArgument, in words that
// show the name and not the value, for what a server would read as something else: a name that is
// no token, a value with a ';' or a control character in it or a space at an end.
absl::StatusOr<std::string> CookieHeader(
    absl::Span<const std::pair<std::string, std::string>> cookies);

}  // namespace weft

#endif  // WEFT_CORE_HTTP_COOKIE_H_
