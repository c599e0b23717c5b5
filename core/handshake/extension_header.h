// The value of Sec-WebSocket-Extensions (RFC 6455, section 9.1): what is offered, or was accepted.
// Which extensions there are, and what their parameters mean, is not decided here.

#ifndef WEFT_CORE_HANDSHAKE_EXTENSION_HEADER_H_
#define WEFT_CORE_HANDSHAKE_EXTENSION_HEADER_H_

#include <optional>
#include <string>

#include "absl/container/inlined_vector.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace weft {

struct ExtensionParameter {
  absl::string_view name;
  std::optional<std::string> value;  // a token, its quotes and escapes removed
};

// "permessage-deflate; client_max_window_bits" is the name and one parameter without a value. The
// names are views into the header. The same extension may stand in a list more than once, with
// other parameters: the first is the most wanted.
struct Extension {
  absl::string_view name;
  absl::InlinedVector<ExtensionParameter, 2> parameters;
};

using ExtensionList = absl::InlinedVector<Extension, 1>;

// Appends the extensions in `value` to `extensions`: once for each header of that name, because
// together they are one list. InvalidArgument, and what was seen, where it is no list of
// extensions. Takes time in proportion to `value`.
absl::Status ParseExtensions(absl::string_view value, ExtensionList* extensions);

}  // namespace weft

#endif  // WEFT_CORE_HANDSHAKE_EXTENSION_HEADER_H_
