// The command line of `weft check`.

#ifndef TOOLS_WEFT_CHECK_CHECK_OPTIONS_H_
#define TOOLS_WEFT_CHECK_CHECK_OPTIONS_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "tools/weft/client_flags.h"
#include "tools/weft/command_help.h"

namespace weft::cli {

struct CheckOptions : ClientFlags {
  std::string url{};
  int pings = 3;
  bool help = false;
};

// Parses the arguments after `weft check`. InvalidArgument describes the error.
absl::StatusOr<CheckOptions> ParseCheckOptions(absl::Span<const absl::string_view> words);

CommandHelp CheckCommandHelp();

}  // namespace weft::cli

#endif  // TOOLS_WEFT_CHECK_CHECK_OPTIONS_H_
