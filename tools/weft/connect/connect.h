// `weft connect`.

#ifndef TOOLS_WEFT_CONNECT_CONNECT_H_
#define TOOLS_WEFT_CONNECT_CONNECT_H_

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace weft::cli {

// Runs `weft connect` with the arguments after it, on standard input, output and error. Returns the
// exit code. For a program without other threads.
int Connect(absl::Span<const absl::string_view> words);

}  // namespace weft::cli

#endif  // TOOLS_WEFT_CONNECT_CONNECT_H_
