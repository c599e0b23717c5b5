// `weft listen`.

#ifndef TOOLS_WEFT_LISTEN_LISTEN_H_
#define TOOLS_WEFT_LISTEN_LISTEN_H_

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace weft::cli {

// Runs `weft listen` with the arguments after it, until SIGINT or SIGTERM. Returns the exit code.
// For a program without other threads.
int Listen(absl::Span<const absl::string_view> words);

}  // namespace weft::cli

#endif  // TOOLS_WEFT_LISTEN_LISTEN_H_
