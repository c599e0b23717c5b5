// The description of a command, of which its help, its man page and its completion are made.

#ifndef TOOLS_WEFT_COMMAND_HELP_H_
#define TOOLS_WEFT_COMMAND_HELP_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "tools/weft/command_line.h"

namespace weft::cli {

struct CommandHelp {
  absl::string_view name{};         // "connect"
  absl::string_view arguments{};    // "URL [MESSAGE...]", after the flags
  absl::string_view summary{};      // for the list of commands
  absl::string_view description{};  // paragraphs, with an empty line between them
  std::vector<Flag> flags{};        // `set` is not called, and may be dangling
  // Paragraphs, after the flags. One with indented lines is shown as it is.
  absl::string_view more{};
};

// The text for `weft COMMAND --help`.
std::string HelpText(const CommandHelp& command);

// The text for `weft --help`.
std::string UsageText(absl::Span<const CommandHelp> commands);

// A page for man(1), in the language of man(7).
std::string ManPage(absl::Span<const CommandHelp> commands);

// A script for bash that completes commands, flags, files, and values of which there are few.
std::string BashCompletion(absl::Span<const CommandHelp> commands);

}  // namespace weft::cli

#endif  // TOOLS_WEFT_COMMAND_HELP_H_
