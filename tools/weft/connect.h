// `weft connect`.

#ifndef TOOLS_WEFT_CONNECT_H_
#define TOOLS_WEFT_CONNECT_H_

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace weft::cli {

// Does what the words behind `weft connect` say, on standard input, output and error. Returns the
// exit code. For a program that has no other threads.
int Connect(absl::Span<const absl::string_view> words);

}  // namespace weft::cli

#endif  // TOOLS_WEFT_CONNECT_H_
