// Makes text that a peer wrote safe to show. Nothing else in Weft prints a peer's bytes.

#ifndef WEFT_CORE_HTTP_QUOTE_H_
#define WEFT_CORE_HTTP_QUOTE_H_

#include <string>

#include "absl/strings/string_view.h"

namespace weft {

// For log lines and errors: `text` in double quotes, cut to its first 64 bytes, with \xNN and
// similar escapes for every byte that is not printable ASCII. Always one short line; "..." before
// the closing quote means that it was cut.
std::string Quote(absl::string_view text);

// For terminals: all of `text`, so that a terminal shows every character and executes none. UTF-8
// stays readable; escaped are controls (C0, DEL, and C1, as a byte or as U+0080 to U+009F), the
// marks that change the direction of text, and bytes that are not UTF-8. The controls in `keep`,
// such as a tab and a line end, are not escaped.
std::string Escape(absl::string_view text, absl::string_view keep = "");

}  // namespace weft

#endif  // WEFT_CORE_HTTP_QUOTE_H_
