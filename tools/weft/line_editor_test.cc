#include "tools/weft/line_editor.h"

#include <poll.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "weft/transport/fd.h"

// ncurses leaks a few bytes each time that it looks up a terminal.
extern "C" const char* __lsan_default_suppressions() { return "leak:_nc_trim_sgr0\n"; }

namespace weft::cli {
namespace {

using Typed = LineEditor::Typed;

constexpr absl::string_view kMarkPastes = "\033[?2004h";
constexpr absl::string_view kMarkNoPastes = "\033[?2004l";
constexpr absl::string_view kUp = "\033[A";
constexpr absl::string_view kLeft = "\033[D";
constexpr absl::string_view kCtrlD = "\x04";

// A terminal, whose user the test is, and an editor on it.
class LineEditorTest : public ::testing::Test {
 protected:
  LineEditorTest() {
    EXPECT_TRUE(UseUtf8Locale());
    setenv("TERM", "xterm", 1);
    int user = -1;
    int program = -1;
    EXPECT_EQ(openpty(&user, &program, nullptr, nullptr, nullptr), 0);
    user_.reset(user);
    in_.reset(fdopen(program, "r"));
    out_.reset(fdopen(dup(program), "w"));
  }

  void Start(LineEditorOptions options = {}) {
    absl::StatusOr<std::unique_ptr<LineEditor>> editor =
        LineEditor::Create(in_.get(), out_.get(), std::move(options));
    ASSERT_TRUE(editor.ok()) << editor.status();
    editor_ = *std::move(editor);
  }

  void Type(absl::string_view keys) {
    ASSERT_EQ(write(user_.get(), keys.data(), keys.size()), static_cast<ssize_t>(keys.size()));
  }

  // Waits until the terminal has received this text, after the text of earlier calls.
  void Await(absl::string_view text) {
    size_t found;
    while ((found = screen_.find(std::string(text), seen_)) == std::string::npos) {
      pollfd fd = {.fd = user_.get(), .events = POLLIN, .revents = 0};
      ASSERT_GT(poll(&fd, 1, 30'000), 0) << "no \"" << text << "\" in: " << screen_;
      char bytes[4096];
      const ssize_t size = read(user_.get(), bytes, sizeof(bytes));
      ASSERT_GT(size, 0);
      screen_.append(bytes, size);
    }
    seen_ = found + text.size();
  }

  // Types at the next prompt. Returns the line that was read, or the other result.
  std::string Enter(absl::string_view keys) {
    StartRead();
    Type(keys);
    return Join();
  }

  std::string Read() {
    std::string line;
    switch (editor_->ReadLine(&line)) {
      case Typed::kLine:
        return absl::StrCat("line ", line);
      case Typed::kEnd:
        return "end";
      case Typed::kInterrupted:
        return "interrupted";
      case Typed::kStopped:
        return "stopped";
    }
    return "?";
  }

  // The same, while the test continues at the prompt.
  void StartRead() {
    reader_ = std::thread([this] { read_ = Read(); });
    if (marks_pastes_) Await(kMarkPastes);  // so that a redrawn prompt is not counted
    Await(">");
  }
  std::string Join() {
    reader_.join();
    return read_;
  }

  struct CloseFile {
    void operator()(FILE* file) const { std::fclose(file); }
  };

  UniqueFd user_;
  std::unique_ptr<FILE, CloseFile> in_;
  std::unique_ptr<FILE, CloseFile> out_;
  std::unique_ptr<LineEditor> editor_;
  std::string screen_;
  size_t seen_ = 0;
  bool marks_pastes_ = true;
  std::thread reader_;
  std::string read_;
};

TEST_F(LineEditorTest, ReadsLines) {
  Start();
  EXPECT_EQ(Enter("one\n"), "line one");
  EXPECT_EQ(Enter("\n"), "line ");
  EXPECT_EQ(Enter(" two \n"), "line  two ");
}

TEST_F(LineEditorTest, ReadsLinesThatWerePasted) {
  Start();
  std::string pasted;
  for (int i = 0; i < 100; ++i) absl::StrAppend(&pasted, "this is line ", i, "\n");
  Type(pasted);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(Read(), absl::StrCat("line this is line ", i));
}

TEST_F(LineEditorTest, ReadsUtf8AndTabs) {
  Start();
  EXPECT_EQ(Enter("Schuß, 織物 🧵\n"), "line Schuß, 織物 🧵");
  EXPECT_EQ(Enter("{\t1}\n"), "line {\t1}");
}

TEST_F(LineEditorTest, DropsWhatIsNotUtf8) {
  Start();
  EXPECT_EQ(Enter("a\xff\xc3(b\n"), "line ab");
}

TEST_F(LineEditorTest, Edits) {
  Start();
  EXPECT_EQ(Enter(absl::StrCat("helo", kLeft, "l\n")), "line hello");
  EXPECT_EQ(Enter(absl::StrCat("abc", kLeft, kLeft, kCtrlD, "\n")), "line ac");
}

TEST_F(LineEditorTest, RemembersLines) {
  Start();
  Enter("first\n");
  Enter("second\n");
  EXPECT_EQ(Enter(absl::StrCat(kUp, kUp, "\n")), "line first");
}

TEST_F(LineEditorTest, KeepsTheHistoryInAFile) {
  const std::string file = absl::StrCat(::testing::TempDir(), "/history");
  Start({.history_file = file});
  Enter("Schuß \\ \"x\"\n");
  editor_.reset();
  Start({.history_file = file});
  EXPECT_EQ(Enter(absl::StrCat(kUp, "\n")), "line Schuß \\ \"x\"");
}

TEST_F(LineEditorTest, WritesNoHistoryWhereNothingWasTyped) {
  const std::string file = absl::StrCat(::testing::TempDir(), "/no_history");
  Start({.history_file = file});
  EXPECT_EQ(Enter("\n"), "line ");
  editor_.reset();
  EXPECT_FALSE(std::ifstream(file).good());
}

TEST_F(LineEditorTest, CtrlDEnds) {
  Start();
  EXPECT_EQ(Enter(kCtrlD), "end");
}

TEST_F(LineEditorTest, EndsWithTheTerminal) {
  Start();
  StartRead();
  user_.reset();
  EXPECT_EQ(Join(), "end");
}

TEST_F(LineEditorTest, PrintsAboveTheLineAndPutsItBack) {
  Start();
  StartRead();
  Type("he");
  Await("he");
  editor_->Print(out_.get(), "< tick\n");
  Await("< tick\r\n");
  Await("> he");
  Type("llo\n");
  EXPECT_EQ(Join(), "line hello");
}

TEST_F(LineEditorTest, PutsTheCursorBack) {
  Start();
  StartRead();
  Type(absl::StrCat("helo", kLeft));
  Await("helo\b");
  editor_->Print(out_.get(), "< tick\n");
  Await("< tick");
  Await("> helo\b");
  Type("l\n");
  EXPECT_EQ(Join(), "line hello");
}

TEST_F(LineEditorTest, PrintsAtOnceWhileNoLineIsRead) {
  Start();
  editor_->Print(out_.get(), "one\n");
  Await("one");
  Enter("x\n");
  editor_->Print(out_.get(), "two\n");
  Await("two");
}

TEST_F(LineEditorTest, PrintsMoreThanItQueues) {
  Start();
  StartRead();
  std::thread printer([this] {
    for (int i = 0; i < 1000; ++i) editor_->Print(out_.get(), std::string(1000, '.') + "\n");
    editor_->Print(out_.get(), "all\n");
  });
  Await("all");
  printer.join();
  Type("x\n");
  EXPECT_EQ(Join(), "line x");
}

TEST_F(LineEditorTest, InterruptDropsTheLine) {
  Start();
  StartRead();
  Type("oops");
  Await("oops");
  editor_->Interrupt();
  Await("^C\r\n");
  Await("> ");
  Type("fine\n");
  EXPECT_EQ(Join(), "line fine");
}

TEST_F(LineEditorTest, InterruptWithoutALineReturns) {
  Start();
  StartRead();
  EXPECT_TRUE(editor_->Interrupt());
  EXPECT_EQ(Join(), "interrupted");
  EXPECT_FALSE(editor_->Interrupt());
  EXPECT_EQ(Enter("on\n"), "line on");
}

TEST_F(LineEditorTest, InterruptEndsACommandThatWaitsForAKey) {
  Start();
  StartRead();
  Type("typed\x12");  // Ctrl-R: a search
  Await("bck:");
  editor_->Interrupt();
  Await("\a");
  Type("!\n");
  EXPECT_EQ(Join(), "line typed!");
}

TEST_F(LineEditorTest, StopEndsACommandThatWaitsForAKey) {
  Start();
  StartRead();
  Type("\x12");
  Await("bck:");
  editor_->Stop();
  EXPECT_EQ(Join(), "stopped");
}

TEST_F(LineEditorTest, StopReturnsNowAndLater) {
  Start();
  StartRead();
  Type("half");
  Await("half");
  editor_->Stop();
  EXPECT_EQ(Join(), "stopped");
  EXPECT_EQ(Read(), "stopped");
}

TEST_F(LineEditorTest, ColoursThePrompt) {
  Start({.prompt = "> ", .prompt_color = "\033[36m"});
  StartRead();
  Await("\033[0m ");
  EXPECT_EQ(screen_, "\033[?2004h\033[36m>\033[0m ");
  Type("x\n");
  EXPECT_EQ(Join(), "line x");
}

TEST_F(LineEditorTest, AnotherSizeDrawsTheLineAnew) {
  Start();
  StartRead();
  Type("typed");
  Await("typed");
  const winsize size = {.ws_row = 24, .ws_col = 40, .ws_xpixel = 0, .ws_ypixel = 0};
  ASSERT_EQ(ioctl(user_.get(), TIOCSWINSZ, &size), 0);
  editor_->Redraw();
  Await("> typed");
  Type("\n");
  EXPECT_EQ(Join(), "line typed");
}

TEST_F(LineEditorTest, NeedsATerminal) {
  FILE* file = std::tmpfile();
  EXPECT_FALSE(LineEditor::Create(file, out_.get(), {}).ok());
  EXPECT_FALSE(LineEditor::Create(in_.get(), file, {}).ok());
  std::fclose(file);
}

TEST_F(LineEditorTest, PastedLinesAreOneLine) {
  Start();
  EXPECT_EQ(Enter("\033[200~{\r  \"a\": 1\r}\033[201~\r"), "line {\n  \"a\": 1\n}");
}

TEST_F(LineEditorTest, ANewlineThatEndsAPasteIsNotEnter) {
  Start();
  StartRead();
  Type("\033[200~one\rtwo\r\033[201~");
  Await("two");
  Type("three");
  Await("three");
  Type("\r");
  EXPECT_EQ(Join(), "line one\ntwo\nthree");
  EXPECT_EQ(Enter("\033[200~one\r\033[201~\r"), "line one");
}

TEST_F(LineEditorTest, NewlinesThatWerePastedCanBeEdited) {
  Start();
  // Deletes until a newline is the last character, and one more.
  EXPECT_EQ(Enter("\033[200~a\rb\033[201~\x7f\r"), "line a");
  EXPECT_EQ(Enter("\033[200~a\rb\033[201~\x7f\x7f"
                  "c\r"),
            "line ac");
  EXPECT_EQ(Enter(absl::StrCat("\033[200~a\r\033[201~", kLeft, "b\r")), "line ab");
}

TEST_F(LineEditorTest, UpRecallsAllThatWasPasted) {
  const std::string file = absl::StrCat(::testing::TempDir(), "/pasted");
  Start({.history_file = file});
  EXPECT_EQ(Enter("\033[200~one\rtwo\033[201~\r"), "line one\ntwo");
  EXPECT_EQ(Enter(absl::StrCat(kUp, "\r")), "line one\ntwo");
  editor_.reset();
  Start({.history_file = file});
  EXPECT_EQ(Enter(absl::StrCat(kUp, "!\r")), "line one\ntwo!");
}

TEST_F(LineEditorTest, StopEndsAPasteThatHasNoEnd) {
  Start();
  StartRead();
  Type("\033[200~never");
  editor_->Stop();
  EXPECT_EQ(Join(), "stopped");
}

TEST_F(LineEditorTest, TheTerminalMarksPastesOnlyWhileALineIsRead) {
  Start();
  EXPECT_EQ(Enter("x\r"), "line x");  // it waits for kMarkPastes
  Await(kMarkNoPastes);
}

TEST_F(LineEditorTest, ADumbTerminalIsNotAskedToMarkPastes) {
  setenv("TERM", "dumb", 1);
  marks_pastes_ = false;
  Start();
  EXPECT_EQ(Enter("x\r"), "line x");
  EXPECT_EQ(screen_.find("2004"), std::string::npos);
}

TEST_F(LineEditorTest, TheHistoryKeepsTheModeOfItsFile) {
  const std::string file = absl::StrCat(::testing::TempDir(), "/mode");
  std::ofstream(file) << "";
  ASSERT_EQ(chmod(file.c_str(), 0640), 0);
  Start({.history_file = file});
  EXPECT_EQ(Enter("x\r"), "line x");
  editor_.reset();
  struct stat status;
  ASSERT_EQ(stat(file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0640u);
  EXPECT_GT(status.st_size, 0);
}

}  // namespace
}  // namespace weft::cli
