// The value of Sec-WebSocket-Extensions (RFC 6455, section 9.1), of an offer or of an answer. Other
// code decides which extensions exist and what their parameters mean.

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
  std::optional<std::string> value;  // a token, without quotes and escapes
};

// "permessage-deflate; client_max_window_bits" is the name and one parameter without a value. The
// names are views into the header. The same extension may appear in a list several times with
// different parameters: the first is preferred.
struct Extension {
  absl::string_view name;
  absl::InlinedVector<ExtensionParameter, 2> parameters;
};

using ExtensionList = absl::InlinedVector<Extension, 1>;

// Appends the extensions in `value` to `extensions`: call it once for each header of that name,
// because together they form one list. InvalidArgument, with what was seen, if it is not a list of
// extensions. Takes time linear in the size of `value`.
absl::Status ParseExtensions(absl::string_view value, ExtensionList* extensions);

}  // namespace weft

#endif  // WEFT_CORE_HANDSHAKE_EXTENSION_HEADER_H_
