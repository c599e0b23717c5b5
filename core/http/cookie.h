// The Cookie header of a request (RFC 6265, section 4.2), written and read.

#ifndef WEFT_CORE_HTTP_COOKIE_H_
#define WEFT_CORE_HTTP_COOKIE_H_

#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "weft/core/http/http.h"

namespace weft {

// "a=1; b=2" for names and values, in their order; empty for none. A value is sent as it is,
// because servers expect back what they have set: nothing is encoded. InvalidArgument, whose
// message has the name and not the value, for input that a server would read differently: a name
// that is not a token, a value that contains a ';' or a control character or begins or ends with a
// space.
absl::StatusOr<std::string> CookieHeader(
    absl::Span<const std::pair<std::string, std::string>> cookies);

// The value of the first cookie called `name`; browsers send the one with the longest path first
// (section 5.4). Names are compared byte for byte. The value is returned as sent, as a view into
// the head: nothing is decoded, and double quotes around it are part of it, because they were part
// of the value that was set. None if there is no such cookie. A client may send any value.
std::optional<absl::string_view> CookieValue(const HttpHeaders& headers, absl::string_view name);

}  // namespace weft

#endif  // WEFT_CORE_HTTP_COOKIE_H_
