// The Cookie header of a request (RFC 6265, section 4.2).

#ifndef WEFT_CORE_HTTP_COOKIE_H_
#define WEFT_CORE_HTTP_COOKIE_H_

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace weft {

// "a=1; b=2" for names and values, in their order; empty for none. A value is sent as it is,
// because servers expect back what they have set: nothing is encoded. InvalidArgument, whose
// message has the name and not the value, for input that a server would read differently: a name
// that is not a token, a value that contains a ';' or a control character or begins or ends with a
// space.
absl::StatusOr<std::string> CookieHeader(
    absl::Span<const std::pair<std::string, std::string>> cookies);

}  // namespace weft

#endif  // WEFT_CORE_HTTP_COOKIE_H_
