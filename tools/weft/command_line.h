// Parses flags with letters and values, and prints their help.

#ifndef TOOLS_WEFT_COMMAND_LINE_H_
#define TOOLS_WEFT_COMMAND_LINE_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace weft::cli {

// With nothing but `help`, a heading for the flags after it.
struct Flag {
  absl::string_view name{};   // "header" of --header
  char letter = 0;            // 'H' of -H, or none
  absl::string_view value{};  // the name of its value in the help; empty: it takes none
  absl::string_view help{};

  // Takes the value, empty if there is none. An error is shown after the flag's name.
  std::function<absl::Status(absl::string_view value)> set{};
};

// Parses arguments as GNU programs do: --name=VALUE, --name VALUE, -nVALUE, -n VALUE, combined
// letters without values, flags and other arguments in any order, and no flags after "--". Returns
// the other arguments. InvalidArgument says which flag is unknown, lacks its value or has an
// invalid one.
absl::StatusOr<std::vector<std::string>> ParseFlags(absl::Span<const absl::string_view> words,
                                                    absl::Span<const Flag> flags);

// One or more lines for each flag; an empty line before each heading.
std::string FlagsHelp(absl::Span<const Flag> flags);

}  // namespace weft::cli

#endif  // TOOLS_WEFT_COMMAND_LINE_H_
