// Adds context to an error.

#ifndef WEFT_CLIENT_CONNECTING_ANNOTATE_H_
#define WEFT_CLIENT_CONNECTING_ANNOTATE_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace weft {

// `error` with `before` and `behind` around its message. Its code and its attached data stay: the
// HTTP status, the response that refused.
absl::Status Annotate(const absl::Status& error, absl::string_view before,
                      absl::string_view behind = "");

}  // namespace weft

#endif  // WEFT_CLIENT_CONNECTING_ANNOTATE_H_
