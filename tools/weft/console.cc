#include "tools/weft/console.h"

#include <unistd.h>

#include <cstdlib>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tools/weft/write_all.h"
#include "weft/core/http/quote.h"

namespace weft::cli {
namespace {

// How many bytes of a binary message a terminal shows.
constexpr size_t kMaxDumpedBytes = 1024;

// The control characters that a terminal gets unescaped.
constexpr absl::string_view kLayout = "\n\t";

bool ColorsAreWanted() {
  const char* no_color = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  return (no_color == nullptr || *no_color == '\0') && term != nullptr &&
         absl::string_view(term) != "dumb";
}

}  // namespace

ConsoleOptions ConsoleOptions::Detect() {
  return {.out_is_terminal = isatty(STDOUT_FILENO) == 1,
          .err_is_terminal = isatty(STDERR_FILENO) == 1,
          .colors = ColorsAreWanted()};
}

Console::Console(const ConsoleOptions& options, LineEditor* editor)
    : options_(options),
      out_style_(options.colors && options.out_is_terminal),
      err_style_(options.colors && options.err_is_terminal),
      editor_(editor) {}

absl::Status Console::Show(const Message& message) {
  if (options_.json) {
    JsonLine line("message", absl::Now());
    if (message.is_text()) {
      line.Add("type", "text").Add("data", message.payload);
    } else {
      line.Add("type", "binary").Add("base64", absl::Base64Escape(message.payload));
    }
    return Print(options_.out, options_.out_is_terminal, line.text(), "\n");
  }
  if (options_.out_is_terminal) return Print(options_.out, true, ForTerminal(message), "");
  const bool newline = message.is_text() && !options_.binary;
  if (!newline || !options_.timestamps) {
    return Print(options_.out, false, message.payload, newline ? "\n" : "");
  }
  return Print(options_.out, false, absl::StrCat(Timestamp(absl::Now()), " ", message.payload),
               "\n");
}

std::string Console::ForTerminal(const Message& message) const {
  // Where lines are typed, a mark distinguishes received lines from them.
  std::string mark = editor_ != nullptr ? absl::StrCat(out_style_.Received("<"), " ") : "";
  if (options_.timestamps) {
    mark = absl::StrCat(out_style_.Dim(Timestamp(absl::Now())), " ", mark);
  }
  const size_t indent = editor_ != nullptr ? 2 : 0;
  if (message.is_text()) {
    return absl::StrCat(mark, Indented(Escape(message.payload, kLayout), indent), "\n");
  }
  const size_t size = message.payload.size();
  const std::string head = absl::StrCat("binary, ", size, size == 1 ? " byte" : " bytes");
  const std::string dump = HexDump(message.payload, kMaxDumpedBytes);
  std::string text = absl::StrCat(mark, out_style_.Dim(head), "\n", dump);
  text.pop_back();
  return absl::StrCat(Indented(text, indent), "\n");
}

void Console::EndOutput() {
  if (options_.end_output != nullptr) options_.end_output->Notify();
}

void Console::Note(absl::string_view text) {
  if (options_.quiet || options_.json || !options_.err_is_terminal) return;
  Print(options_.err, true, err_style_.Dim(Escape(text, kLayout)), "\n").IgnoreError();
}

void Console::Event(const JsonLine& line) {
  if (!options_.json) return;
  Print(options_.out, options_.out_is_terminal, line.text(), "\n").IgnoreError();
}

void Console::RoundTrip(absl::Duration time) {
  if (!round_trip_wanted_.exchange(false) && !options_.round_trips) return;
  if (!options_.json) return Tell(absl::StrCat("pong: ", DescribeRoundTrip(time)));
  Event(JsonLine("pong", absl::Now()).Add("ms", absl::ToDoubleMilliseconds(time)));
}

void Console::Tell(absl::string_view text) {
  Print(options_.err, options_.err_is_terminal, err_style_.Dim(Escape(text, kLayout)), "\n")
      .IgnoreError();
}

void Console::Complain(absl::string_view text) {
  Print(options_.err, options_.err_is_terminal,
        absl::StrCat(err_style_.Error("weft:"), " ", Escape(text, kLayout)), "\n")
      .IgnoreError();
}

absl::Status Console::Print(FILE* file, bool is_terminal, absl::string_view text,
                            absl::string_view end) {
  if (is_terminal && editor_ != nullptr) {
    editor_->Print(file, absl::StrCat(text, end));
    return absl::OkStatus();
  }
  return WriteAll(file, text, end, file == options_.out ? options_.end_output : nullptr);
}

}  // namespace weft::cli
