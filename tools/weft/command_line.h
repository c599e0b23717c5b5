// Flags with letters, values and help.

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

// With nothing but `help`, a heading for the flags behind it.
struct Flag {
  absl::string_view name{};   // "header" of --header
  char letter = 0;            // 'H' of -H, or none
  absl::string_view value{};  // what to call its value in the help; empty: it takes none
  absl::string_view help{};

  // Takes the value, empty where there is none. What is wrong with it is told behind the flag.
  std::function<absl::Status(absl::string_view value)> set{};
};

// Reads words as GNU programs do: --name=VALUE, --name VALUE, -nVALUE, -n VALUE, letters without
// values together, flags and other words in any order, all behind "--" other words. Returns the
// other words. InvalidArgument says which flag is unknown, lacks its value or has a wrong one.
absl::StatusOr<std::vector<std::string>> ParseFlags(absl::Span<const absl::string_view> words,
                                                    absl::Span<const Flag> flags);

// A line, or more, for each flag; an empty one before each heading.
std::string FlagsHelp(absl::Span<const Flag> flags);

}  // namespace weft::cli

#endif  // TOOLS_WEFT_COMMAND_LINE_H_
