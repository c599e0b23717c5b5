// Where all that weft says goes.

#ifndef TOOLS_WEFT_CONSOLE_H_
#define TOOLS_WEFT_CONSOLE_H_

#include <cstdio>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "tools/weft/format.h"
#include "tools/weft/line_editor.h"
#include "weft/core/message.h"

namespace weft::cli {

struct ConsoleOptions {
  FILE* out = stdout;
  FILE* err = stderr;
  bool out_is_terminal = false;
  bool err_is_terminal = false;
  bool colors = false;  // on what is a terminal
  bool quiet = false;   // no notes
  bool binary = false;  // no newlines between messages

  // For this process: what its streams are, and what NO_COLOR and TERM say.
  static ConsoleOptions Detect();
};

// Messages go to standard output, and everything else to standard error. A terminal is given
// messages escaped (core/http/quote.h), above the line that is being typed; a pipe or a file gets
// them as they are. Everything else is always escaped, except newlines and tabs. Any thread may
// call anything.
class Console {
 public:
  // `editor`, which may be null, is of the same terminal, and outlives the console.
  Console(const ConsoleOptions& options, LineEditor* editor);

  // Cancelled when nobody reads standard output any more; other errors say why it cannot be
  // written.
  absl::Status Show(const Message& message);

  // What is good to know: on a terminal, unless quiet.
  void Note(absl::string_view text);

  // What was asked for.
  void Tell(absl::string_view text);

  // What went wrong, in a line behind "weft: ".
  void Complain(absl::string_view text);

 private:
  std::string ForTerminal(const Message& message) const;
  absl::Status Print(FILE* file, bool is_terminal, absl::string_view text, absl::string_view end);

  const ConsoleOptions options_;
  const Style out_style_;
  const Style err_style_;
  LineEditor* const editor_;
};

}  // namespace weft::cli

#endif  // TOOLS_WEFT_CONSOLE_H_
