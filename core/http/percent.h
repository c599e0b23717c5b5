// %-encoding, as in URLs (RFC 3986, section 2.1).

#ifndef WEFT_CORE_HTTP_PERCENT_H_
#define WEFT_CORE_HTTP_PERCENT_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace weft {

// Decodes every %XX. InvalidArgument for a '%' that two hexadecimal digits do not follow; the
// message does not quote `text`, which may be a password.
absl::StatusOr<std::string> PercentDecode(absl::string_view text);

// Encodes every byte except letters, digits, "-._~" and "/" as %XX.
std::string PercentEncodePath(absl::string_view path);

}  // namespace weft

#endif  // WEFT_CORE_HTTP_PERCENT_H_
