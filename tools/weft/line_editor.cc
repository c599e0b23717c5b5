#include "tools/weft/line_editor.h"

#include <langinfo.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <clocale>
#include <cstdlib>
#include <cwchar>

#include "absl/strings/match.h"
#include "absl/types/span.h"
#include "tools/weft/history_file.h"
#include "tools/weft/write_all.h"

namespace weft::cli {
namespace {

// If more unprinted bytes than this wait, Print blocks.
constexpr size_t kMaxQueuedBytes = 64 << 10;

constexpr int kHistoryLines = 1000;

// Marks for libedit where colour begins and ends in the prompt.
constexpr wchar_t kEscape = L'\1';

constexpr wchar_t kCtrlG = L'\a';

// The sequences that make a terminal put pasted text between two marks ("bracketed paste"), and the
// marks. Without them a pasted newline cannot be distinguished from Enter.
constexpr absl::string_view kMarkPastes = "\033[?2004h";
constexpr absl::string_view kMarkNoPastes = "\033[?2004l";
constexpr wchar_t kPasteBegins[] = L"\\e[200~";  // in EL_BIND's notation
constexpr absl::string_view kPasteEnds = "\033[201~";

// A key that only we insert, to run OnToggle.
constexpr wchar_t kToggle = L'\x1e';  // ^^

std::wstring Widen(absl::string_view ascii) { return {ascii.begin(), ascii.end()}; }

std::string Utf8(absl::Span<const wchar_t> text) {
  std::string result;
  std::mbstate_t state{};
  for (const wchar_t c : text) {
    char bytes[MB_LEN_MAX];
    const size_t size = std::wcrtomb(bytes, c, &state);
    if (size != static_cast<size_t>(-1)) result.append(bytes, size);
  }
  return result;
}

// `text` without bytes that are not UTF-8, NUL, and characters that have a meaning here.
std::wstring Decode(absl::string_view text) {
  std::wstring result;
  std::mbstate_t state{};
  for (const char byte : text) {
    wchar_t c;
    const size_t used = std::mbrtowc(&c, &byte, 1, &state);
    if (used == static_cast<size_t>(-1)) state = {};
    if (used == 1 && c != kToggle) result += c;
  }
  return result;
}

absl::Span<const wchar_t> WithoutNewlines(absl::Span<const wchar_t> text) {
  while (!text.empty() && text.back() == L'\n') text.remove_suffix(1);
  return text;
}

bool MarksPastes() {
  const char* term = std::getenv("TERM");
  return term != nullptr && absl::string_view(term) != "dumb";
}

}  // namespace

bool UseUtf8Locale() {
  const auto is_utf8 = [] { return absl::EqualsIgnoreCase(nl_langinfo(CODESET), "UTF-8"); };
  std::setlocale(LC_CTYPE, "");
  if (!is_utf8()) std::setlocale(LC_CTYPE, "C.UTF-8");
  return is_utf8();
}

absl::StatusOr<std::unique_ptr<LineEditor>> LineEditor::Create(FILE* in, FILE* out,
                                                               LineEditorOptions options) {
  UniqueFd wake(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!wake.is_open()) return absl::ErrnoToStatus(errno, "cannot edit lines (eventfd)");
  std::unique_ptr<LineEditor> editor(
      new LineEditor(std::move(options), fileno(in), out, std::move(wake)));
  if (absl::Status status = editor->Init(in, out); !status.ok()) return status;
  return editor;
}

LineEditor::LineEditor(LineEditorOptions options, int in, FILE* out, UniqueFd wake)
    : options_(std::move(options)), in_(in), out_(out), wake_(std::move(wake)) {
  prompt_ = Widen(options_.prompt);
  if (!options_.prompt_color.empty()) {
    // libedit requires a character after each such sequence: the prompt's last character is after
    // the second.
    const wchar_t last = prompt_.back();
    prompt_.pop_back();
    prompt_ = kEscape + Widen(options_.prompt_color) + kEscape + prompt_ + kEscape +
              Widen("\033[0m") + kEscape + last;
  }
}

absl::Status LineEditor::Init(FILE* in, FILE* out) {
  if (!isatty(in_) || !isatty(fileno(out))) {
    return absl::FailedPreconditionError("lines can be edited only on a terminal");
  }
  edit_ = el_init("weft", in, out, out);
  history_ = history_winit();
  if (edit_ == nullptr || history_ == nullptr) {
    return absl::FailedPreconditionError("libedit cannot use this terminal");
  }
  HistEventW event;
  history_w(history_, &event, H_SETSIZE, kHistoryLines);
  history_w(history_, &event, H_SETUNIQUE, 1);
  if (IsRegularFile(options_.history_file)) {
    history_w(history_, &event, H_LOAD, options_.history_file.c_str());
  }
  el_wset(edit_, EL_CLIENTDATA, this);
  el_wset(edit_, EL_HIST, history_w, history_);
  el_wset(edit_, EL_PROMPT_ESC, OnPrompt, kEscape);
  el_wset(edit_, EL_GETCFN, OnReadKey);
  el_wset(edit_, EL_EDITOR, L"emacs");
  el_source(edit_, nullptr);  // ~/.editrc
  BindKeys();
  return absl::OkStatus();
}

void LineEditor::BindKeys() {
  el_wset(edit_, EL_ADDFN, L"weft-toggle", L"Hide or show the line", OnToggle);
  el_wset(edit_, EL_ADDFN, L"weft-delete-or-end", L"Delete a character, or end", OnCtrlD);
  // -a: for vi's command mode, if ~/.editrc uses vi keys.
  const wchar_t toggle[] = {kToggle, L'\0'};
  el_wset(edit_, EL_BIND, toggle, L"weft-toggle", nullptr);
  el_wset(edit_, EL_BIND, L"-a", toggle, L"weft-toggle", nullptr);
  el_wset(edit_, EL_BIND, L"^D", L"weft-delete-or-end", nullptr);
  el_wset(edit_, EL_BIND, L"-a", L"^D", L"weft-delete-or-end", nullptr);
  el_wset(edit_, EL_ADDFN, L"weft-paste", L"Insert text with its newlines", OnPaste);
  el_wset(edit_, EL_BIND, kPasteBegins, L"weft-paste", nullptr);
  el_wset(edit_, EL_BIND, L"-a", kPasteBegins, L"weft-paste", nullptr);
  el_wset(edit_, EL_ADDFN, L"weft-newline", L"Insert a newline", OnNewline);
  for (const wchar_t* key : {L"\\e\\r", L"\\e\\n"}) {  // Alt-Enter
    el_wset(edit_, EL_BIND, key, L"weft-newline", nullptr);
  }
  el_wset(edit_, EL_BIND, L"^I", L"ed-insert", nullptr);  // a tab inserts itself
  // Keys that libedit does not know by default.
  el_wset(edit_, EL_BIND, L"\\e[3~", L"ed-delete-next-char", nullptr);
  el_wset(edit_, EL_BIND, L"\\e[1;5C", L"em-next-word", nullptr);  // with Ctrl
  el_wset(edit_, EL_BIND, L"\\e[1;5D", L"ed-prev-word", nullptr);
}

LineEditor::~LineEditor() {
  if (history_ != nullptr && edited_ && !options_.history_file.empty()) SaveHistory();
  el_end(edit_);
  if (history_ != nullptr) history_wend(history_);
}

// libedit changes the mode of the file that it writes, so it gets a separate one.
void LineEditor::SaveHistory() {
  const std::unique_ptr<FILE, int (*)(FILE*)> file(std::tmpfile(), &std::fclose);
  HistEventW event;
  if (file == nullptr || history_w(history_, &event, H_SAVE_FP, file.get()) < 0) return;
  std::rewind(file.get());
  std::string contents;
  char part[4096];
  while (const size_t size = std::fread(part, 1, sizeof part, file.get())) {
    contents.append(part, size);
  }
  WriteHistory(options_.history_file, contents);
}

// ---- The thread that reads lines ----

LineEditor::Typed LineEditor::ReadLine(std::string* line) {
  Lock lock(mutex_);
  if (stop_) return Typed::kStopped;
  interrupt_ = false;
  end_ = false;
  reading_ = true;
  MarkPastes(true);
  el_wset(edit_, EL_UNBUFFERED, 1);  // takes over the terminal, and prompts
  const Typed typed = Edit(lock, line);
  MarkPastes(false);
  el_wset(edit_, EL_UNBUFFERED, 0);  // restores it
  reading_ = false;
  PrintQueued();
  return typed;
}

LineEditor::Typed LineEditor::Edit(Lock& lock, std::string* line) {
  while (true) {
    if (!queue_.empty() || redraw_) {
      Type(kToggle);
      PrintQueued();
      if (std::exchange(redraw_, false)) {
        el_wset(edit_, EL_PREP_TERM, 0);  // otherwise it believes that the terminal is in its mode
        el_wset(edit_, EL_PREP_TERM, 1);
        MarkPastes(true);
        el_resize(edit_);
      }
      Type(kToggle);
    }
    if (stop_ || end_ || (interrupt_ && text().empty())) {
      LeaveLine();
      return stop_ ? Typed::kStopped : end_ ? Typed::kEnd : Typed::kInterrupted;
    }
    if (std::exchange(interrupt_, false)) DropLine();

    lock.unlock();
    const std::wstring before(text().begin(), text().end());
    pasted_ = false;
    int unused;
    if (AwaitKey()) el_wgets(edit_, &unused);  // the command of one key, or of several
    lock.lock();
    if (WasEnter(before)) {
      *line = Remember(WithoutNewlines(text()));
      return Typed::kLine;
    }
  }
}

// Whether the last command was Enter, which appends a newline and leaves the cursor before it. A
// newline at the end of the text is not enough: it may have been pasted.
bool LineEditor::WasEnter(absl::Span<const wchar_t> before) const {
  const LineInfoW* info = el_wline(edit_);
  return !pasted_ && text().size() == before.size() + 1 && text().back() == L'\n' &&
         text().subspan(0, before.size()) == before && info->cursor < info->lastchar;
}

void LineEditor::MarkPastes(bool mark) {
  if (MarksPastes()) WriteAll(out_, mark ? kMarkPastes : kMarkNoPastes).IgnoreError();
}

// Writes the waiting text to a terminal that shows no line.
void LineEditor::PrintQueued() {
  for (const auto& [file, text] : queue_) WriteAll(file, text).IgnoreError();
  queue_.clear();
  queued_bytes_ = 0;
  printed_.notify_all();
}

// The line stays on the screen, marked, and a new one begins.
void LineEditor::DropLine() {
  Type(kToggle);
  hidden_text_ += L"^C";
  hidden_behind_ = 0;
  Type(kToggle);
  Type(L'\n');
  el_wset(edit_, EL_UNBUFFERED, 0);
  el_wset(edit_, EL_UNBUFFERED, 1);
}

// The line is dropped. The typed text stays on the screen and in the history.
void LineEditor::LeaveLine() {
  if (text().empty()) {
    Type(kToggle);
    hidden_ = false;
  } else {
    Remember(text());
    Type(L'\n');
  }
}

std::string LineEditor::Remember(absl::Span<const wchar_t> line) {
  if (!line.empty()) {
    HistEventW event;
    history_w(history_, &event, H_ENTER, std::wstring(line.begin(), line.end()).c_str());
    edited_ = true;
  }
  return Utf8(line);
}

absl::Span<const wchar_t> LineEditor::text() const {
  const LineInfoW* info = el_wline(edit_);
  return {info->buffer, static_cast<size_t>(info->lastchar - info->buffer)};
}

// Executes the command of a key as if it had been typed.
void LineEditor::Type(wchar_t key) {
  const wchar_t keys[] = {key, L'\0'};
  int unused;
  el_wpush(edit_, keys);
  el_wgets(edit_, &unused);
}

// Waits until a key can be read. False if something else came first.
bool LineEditor::AwaitKey() {
  while (true) {
    pollfd fds[] = {{.fd = in_, .events = POLLIN, .revents = 0},
                    {.fd = wake_.get(), .events = POLLIN, .revents = 0}};
    if (poll(fds, 2, -1) < 0) continue;  // a signal
    if (fds[0].revents != 0) return true;
    eventfd_t unused;
    eventfd_read(wake_.get(), &unused);
    return false;
  }
}

// ---- Functions that libedit calls ----

LineEditor* LineEditor::Of(EditLine* edit) {
  void* editor = nullptr;
  el_wget(edit, EL_CLIENTDATA, &editor);
  return static_cast<LineEditor*>(editor);
}

wchar_t* LineEditor::OnPrompt(EditLine* edit) {
  static wchar_t kNone[] = L"";
  LineEditor* editor = Of(edit);
  return editor->hidden_ ? kNone : editor->prompt_.data();
}

// Appends the next typed byte. False if there is none: the terminal has been closed, or Ctrl-C or
// Stop() came first. Text to print waits until the command has ended.
bool LineEditor::ReadByte(std::string* bytes) {
  while (true) {
    if (!AwaitKey()) {
      const Lock lock(mutex_);
      if (stop_ || std::exchange(interrupt_, false)) return false;
      continue;
    }
    char byte;
    const ssize_t size = read(in_, &byte, 1);
    if (size < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (size <= 0) {
      end_ = true;
      return false;
    }
    bytes->push_back(byte);
    return true;
  }
}

// Reads a character: 1, or 0 if there is none. The first one of a command is available, because
// otherwise we are not called; for others, such as search text, the user takes time, and Ctrl-C
// ends the command, like Ctrl-G.
int LineEditor::OnReadKey(EditLine* edit, wchar_t* key) {
  LineEditor* editor = Of(edit);
  std::mbstate_t state{};
  std::string bytes;
  while (editor->ReadByte(&bytes)) {
    const size_t used = std::mbrtowc(key, &bytes.back(), 1, &state);
    if (used == static_cast<size_t>(-1)) state = {};  // not UTF-8: ignored
    if (used <= 1 && *key != kToggle) return 1;
  }
  *key = kCtrlG;
  return editor->end_ ? 0 : 1;
}

unsigned char LineEditor::OnNewline(EditLine* edit, wint_t) {
  Of(edit)->pasted_ = true;  // it is not Enter
  return el_winsertstr(edit, L"\n") == 0 ? CC_REFRESH : CC_ERROR;
}

// Inserts everything up to the mark that ends a paste; terminals send CR for a newline. Ctrl-C ends
// a paste without an end.
unsigned char LineEditor::OnPaste(EditLine* edit, wint_t) {
  LineEditor* editor = Of(edit);
  editor->pasted_ = true;
  std::string text;
  while (!absl::EndsWith(text, kPasteEnds)) {
    if (!editor->ReadByte(&text)) return CC_NORM;
  }
  text.resize(text.size() - kPasteEnds.size());
  std::replace(text.begin(), text.end(), '\r', '\n');
  if (text.empty()) return CC_NORM;
  return el_winsertstr(edit, Decode(text).c_str()) == 0 ? CC_REFRESH : CC_ERROR;
}

// Removes the line from the screen, or restores it. libedit knows the line's position on the
// screen, so the line is removed by making it empty, including the prompt, and drawing it.
unsigned char LineEditor::OnToggle(EditLine* edit, wint_t) {
  LineEditor* editor = Of(edit);
  const LineInfoW* info = el_wline(edit);
  if (!editor->hidden_) {
    editor->hidden_text_.assign(info->buffer, info->lastchar);
    editor->hidden_behind_ = static_cast<int>(info->lastchar - info->cursor);
    el_cursor(edit, editor->hidden_behind_);
    el_deletestr(edit, static_cast<int>(editor->hidden_text_.size()));
  } else {
    el_winsertstr(edit, editor->hidden_text_.c_str());
    el_cursor(edit, -editor->hidden_behind_);
  }
  editor->hidden_ = !editor->hidden_;
  return CC_REFRESH;
}

unsigned char LineEditor::OnCtrlD(EditLine* edit, wint_t) {
  const LineInfoW* info = el_wline(edit);
  if (info->buffer == info->lastchar) {
    Of(edit)->end_ = true;
    return CC_NORM;
  }
  if (info->cursor == info->lastchar) return CC_ERROR;
  el_cursor(edit, 1);
  el_deletestr(edit, 1);
  return CC_REFRESH;
}

// ---- Any thread ----

void LineEditor::Print(FILE* file, absl::string_view text) {
  Lock lock(mutex_);
  printed_.wait(lock, [this] { return queued_bytes_ < kMaxQueuedBytes; });
  queued_bytes_ += text.size();
  queue_.emplace_back(file, text);
  if (reading_) {
    eventfd_write(wake_.get(), 1);
  } else {
    PrintQueued();
  }
}

bool LineEditor::Interrupt() { return Request(&interrupt_); }
void LineEditor::Stop() { Request(&stop_); }
void LineEditor::Redraw() { Request(&redraw_); }

bool LineEditor::Request(bool* what) {
  Lock lock(mutex_);
  *what = true;
  eventfd_write(wake_.get(), 1);
  return reading_;
}

}  // namespace weft::cli
