// Edits the line that a person types, on a terminal where other text is printed at the same time.

#ifndef TOOLS_WEFT_LINE_EDITOR_H_
#define TOOLS_WEFT_LINE_EDITOR_H_

#include <histedit.h>
#include <wchar.h>

#include <condition_variable>
#include <cstddef>
#include <cstdio>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "weft/transport/fd.h"

namespace weft::cli {

struct LineEditorOptions {
  // Printable ASCII, and the escape sequence for its colour; empty: no colour.
  std::string prompt = "> ";
  std::string prompt_color{};

  // A file with lines typed earlier, one per line; read at the start, written at the end
  // (history_file.h). Empty: none.
  std::string history_file{};
};

// Edits a line with libedit: its keys, history and ~/.editrc. Printing removes the line, prints
// above it, and restores the line with its content and its cursor. Pasted text keeps its newlines,
// and becomes a line when Enter is typed; Alt-Enter types a newline.
//
//   auto editor = LineEditor::Create(stdin, stderr, {});
//   std::thread other([&] { (*editor)->Print(stdout, "tick\n"); });
//   std::string line;
//   while ((*editor)->ReadLine(&line) == LineEditor::Typed::kLine) Send(line);
//
// One thread reads lines; every other function may be called from any thread. Needs a UTF-8 locale
// (UseUtf8Locale). The terminal is in the editor's mode only while a line is read.
class LineEditor {
 public:
  // `in` and `out` are a terminal. Fails if lines cannot be edited on it.
  static absl::StatusOr<std::unique_ptr<LineEditor>> Create(FILE* in, FILE* out,
                                                            LineEditorOptions options);
  ~LineEditor();
  LineEditor(const LineEditor&) = delete;
  LineEditor& operator=(const LineEditor&) = delete;

  enum class Typed {
    kLine,         // and Enter
    kEnd,          // Ctrl-D, or the terminal is closed
    kInterrupted,  // Interrupt() while nothing was typed
    kStopped,      // Stop()
  };

  // Prompts, and waits for the next line. It is UTF-8, and goes into the history. It has newlines
  // only where they were pasted or typed by Alt-Enter, and none at its end.
  Typed ReadLine(std::string* line);

  // Writes `text`, whole lines, to `file`; above the line being typed, if there is one. Blocks
  // while much text is unprinted.
  void Print(FILE* file, absl::string_view text);

  // For Ctrl-C: discards the typed text; if there is none, ReadLine returns. False if no line is
  // being read.
  bool Interrupt();

  // Makes ReadLine return, now and in the future.
  void Stop();

  // Redraws the line: the terminal's size has changed, or another program used the terminal.
  void Redraw();

 private:
  using Lock = std::unique_lock<std::mutex>;

  LineEditor(LineEditorOptions options, int in, FILE* out, UniqueFd wake);

  absl::Status Init(FILE* in, FILE* out);
  void BindKeys();
  void SaveHistory();

  Typed Edit(Lock& lock, std::string* line);
  bool WasEnter(absl::Span<const wchar_t> before) const;
  void MarkPastes(bool mark);
  void PrintQueued();
  void DropLine();
  void LeaveLine();
  std::string Remember(absl::Span<const wchar_t> line);
  absl::Span<const wchar_t> text() const;
  void Type(wchar_t key);
  bool AwaitKey();
  bool ReadByte(std::string* bytes);
  bool Request(bool* what);

  // Functions that libedit calls: to get the prompt and keys, and for our own commands.
  static LineEditor* Of(EditLine* edit);
  static wchar_t* OnPrompt(EditLine* edit);
  static int OnReadKey(EditLine* edit, wchar_t* key);
  static unsigned char OnToggle(EditLine* edit, wint_t key);
  static unsigned char OnCtrlD(EditLine* edit, wint_t key);
  static unsigned char OnNewline(EditLine* edit, wint_t key);
  static unsigned char OnPaste(EditLine* edit, wint_t key);

  const LineEditorOptions options_;
  const int in_;
  FILE* const out_;
  UniqueFd wake_;  // an eventfd: readable when ReadLine has something to check

  // Used by the thread that reads lines, like all calls of libedit.
  EditLine* edit_ = nullptr;
  HistoryW* history_ = nullptr;
  std::wstring prompt_;
  bool hidden_ = false;
  std::wstring hidden_text_;
  int hidden_behind_ = 0;  // characters after the cursor
  bool end_ = false;       // Ctrl-D was typed
  bool pasted_ = false;    // the last command inserted text that may have newlines
  bool edited_ = false;    // the history differs from the file

  std::mutex mutex_;  // guards all members below
  std::condition_variable printed_;
  std::deque<std::pair<FILE*, std::string>> queue_;
  size_t queued_bytes_ = 0;
  bool reading_ = false;
  bool interrupt_ = false;
  bool stop_ = false;
  bool redraw_ = false;
};

// Makes the process read and write UTF-8, the encoding of WebSocket text, even if its locale does
// not say so. False if the system has no such locale.
bool UseUtf8Locale();

}  // namespace weft::cli

#endif  // TOOLS_WEFT_LINE_EDITOR_H_
