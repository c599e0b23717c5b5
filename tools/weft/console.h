// The output of weft.

#ifndef TOOLS_WEFT_CONSOLE_H_
#define TOOLS_WEFT_CONSOLE_H_

#include <atomic>
#include <cstdio>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "tools/weft/format.h"
#include "tools/weft/json_line.h"
#include "tools/weft/line_editor.h"
#include "weft/core/message.h"
#include "weft/transport/notification.h"

namespace weft::cli {

struct ConsoleOptions {
  FILE* out = stdout;
  FILE* err = stderr;
  bool out_is_terminal = false;
  bool err_is_terminal = false;
  bool colors = false;       // if the stream is a terminal
  bool quiet = false;        // no notes
  bool binary = false;       // no newlines between messages
  bool json = false;         // standard output gets JSON lines, and notes are not shown
  bool timestamps = false;   // before each text message
  bool round_trips = false;  // show each one, not only those that were asked for

  // Where `out` does not block: the notification of EndOutput(), which must outlive the console.
  const Notification* end_output = nullptr;

  // The options of this process: what its streams are, and the values of NO_COLOR and TERM.
  static ConsoleOptions Detect();
};

// Messages go to standard output, and everything else to standard error. A terminal gets messages
// escaped (core/http/quote.h), above the line being typed; a pipe or a file gets them unchanged.
// Everything else is always escaped, except newlines and tabs. Thread-safe.
class Console {
 public:
  // `editor`, which may be null, belongs to the same terminal, and must outlive the console.
  Console(const ConsoleOptions& options, LineEditor* editor);

  // Cancelled when nothing reads standard output any more; other errors say why it cannot be
  // written.
  absl::Status Show(const Message& message);

  // Makes Show() return Cancelled if it waits for a reader of standard output, now or later, and
  // ConsoleOptions::end_output was given.
  void EndOutput();

  // A note: shown on a terminal, unless quiet.
  void Note(absl::string_view text);

  // With `json`, for scripts; otherwise ignored.
  void Event(const JsonLine& line);

  // Shows the next round trip.
  void AskForRoundTrip() { round_trip_wanted_ = true; }
  void RoundTrip(absl::Duration time);

  // Output that the user asked for.
  void Tell(absl::string_view text);

  // An error, in a line that begins with "weft: ".
  void Complain(absl::string_view text);

 private:
  std::string ForTerminal(const Message& message) const;
  absl::Status Print(FILE* file, bool is_terminal, absl::string_view text, absl::string_view end);

  const ConsoleOptions options_;
  const Style out_style_;
  const Style err_style_;
  LineEditor* const editor_;
  std::atomic<bool> round_trip_wanted_{false};
};

}  // namespace weft::cli

#endif  // TOOLS_WEFT_CONSOLE_H_
