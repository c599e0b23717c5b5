// `weft check`.

#ifndef TOOLS_WEFT_CHECK_CHECK_H_
#define TOOLS_WEFT_CHECK_CHECK_H_

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace weft::cli {

// Runs `weft check` with the arguments after it. Returns the exit code.
int Check(absl::Span<const absl::string_view> words);

}  // namespace weft::cli

#endif  // TOOLS_WEFT_CHECK_CHECK_H_
