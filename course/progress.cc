#include "course/progress.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace course {
namespace {

constexpr size_t kTitleWidth = 28;
constexpr size_t kBarWidth = 12;

struct Colours {
  const char* green = "";
  const char* red = "";
  const char* bold = "";
  const char* dim = "";
  const char* off = "";
};

constexpr Colours kTerminal = {"\x1b[32m", "\x1b[31m", "\x1b[1m", "\x1b[2m", "\x1b[0m"};

std::string Padded(absl::string_view text, size_t width) {
  return absl::StrCat(text, std::string(width - std::min(width, text.size()), ' '));
}

// "[######------]": a bar that is full only if all tests are green, and empty only if none is.
std::string Bar(const Chapter& chapter, const Colours& colours) {
  const size_t green = chapter.run.green.size(), all = chapter.tests.size();
  size_t full = all == 0 ? 0 : green * kBarWidth / all;
  if (green > 0) full = std::max<size_t>(full, 1);
  return absl::StrCat("[", colours.green, std::string(full, '#'), colours.off,
                      std::string(kBarWidth - full, '-'), "]");
}

bool IsGreen(const Chapter& chapter, absl::string_view test) {
  const auto& green = chapter.run.green;
  return std::find(green.begin(), green.end(), test) != green.end();
}

std::string NextStep(const Chapter& chapter, const Colours& colours) {
  std::string text = absl::StrCat("Next: ", colours.bold, chapter.page.title, colours.off, "\n");
  if (!chapter.trouble.empty()) {
    absl::StrAppend(&text, "  Your code ", chapter.trouble,
                    chapter.run.running.empty() ? "" : absl::StrCat(" in ", chapter.run.running),
                    "; the tests after it did not run.\n");
  }
  if (chapter.run.green.empty()) {
    absl::StrAppend(&text, "  Read       ", chapter.folder, "/README.md\n");
    absl::StrAppend(&text, "  First step ", chapter.page.first_step, "\n");
  } else {
    const auto red = std::find_if(chapter.tests.begin(), chapter.tests.end(),
                                  [&](const std::string& test) { return !IsGreen(chapter, test); });
    absl::StrAppend(&text, "  Red test   ", *red, "\n");
  }
  absl::StrAppend(&text, "  Write      ", chapter.folder, "/exercise.cc\n");
  absl::StrAppend(&text, "  Test       ./bazelw test //", chapter.folder, ":exercise\n");
  return text;
}

}  // namespace

Page ReadPage(absl::string_view markdown) {
  Page page;
  bool in_exercise = false;
  for (absl::string_view line : absl::StrSplit(markdown, '\n')) {
    if (page.title.empty() && absl::ConsumePrefix(&line, "# ")) page.title = std::string(line);
    if (absl::StartsWith(line, "## ")) in_exercise = line == "## Now you";
    if (!in_exercise) continue;
    if (page.first_step.empty()) {
      if (absl::ConsumePrefix(&line, "1. ")) page.first_step = std::string(line);
    } else if (absl::StartsWith(line, "   ")) {
      absl::StrAppend(&page.first_step, " ", absl::StripAsciiWhitespace(line));
    } else {
      break;  // the end of the item
    }
  }
  return page;
}

std::vector<std::string> ListedTests(absl::string_view output) {
  std::vector<std::string> tests;
  std::string suite;
  for (const absl::string_view line : absl::StrSplit(output, '\n')) {
    const absl::string_view name = absl::StripAsciiWhitespace(line);
    if (name.empty()) continue;
    if (absl::StartsWith(line, "  ")) {
      tests.push_back(absl::StrCat(suite, name));
    } else if (absl::EndsWith(name, ".")) {
      suite = std::string(name);
    }
  }
  return tests;
}

TestRun ReadRun(absl::string_view output) {
  TestRun run;
  for (absl::string_view line : absl::StrSplit(output, '\n')) {
    const absl::string_view whole = line;
    if (absl::ConsumePrefix(&line, "[ RUN      ] ")) {
      run.running = std::string(absl::StripAsciiWhitespace(line));
    } else if (absl::ConsumePrefix(&line, "[       OK ] ")) {
      run.green.emplace_back(line.substr(0, line.find(' ')));
      run.running.clear();
    } else if (absl::StartsWith(whole, "[  FAILED  ] ")) {
      run.running.clear();
    }
  }
  return run;
}

std::string Table(absl::Span<const Chapter> chapters, bool colour) {
  const Colours colours = colour ? kTerminal : Colours();
  size_t green = 0, all = 0;
  for (const Chapter& chapter : chapters) {
    green += chapter.run.green.size();
    all += chapter.tests.size();
  }
  std::string text = absl::StrCat(colours.bold, "Build a WebSocket yourself", colours.off, ": ",
                                  green, " of ", all, " tests are green\n\n");
  const auto next = std::find_if(chapters.begin(), chapters.end(),
                                 [](const Chapter& chapter) { return chapter.red() > 0; });
  for (auto chapter = chapters.begin(); chapter != chapters.end(); ++chapter) {
    const std::string count =
        absl::StrCat(chapter->run.green.size(), " of ", chapter->tests.size());
    const bool is_next = chapter == next;
    absl::StrAppend(&text, is_next ? "> " : "  ", is_next ? colours.bold : "",
                    Padded(chapter->page.title, kTitleWidth), is_next ? colours.off : "",
                    Bar(*chapter, colours), "  ", Padded(count, 8));
    if (!chapter->trouble.empty()) {
      absl::StrAppend(&text, "  ", colours.red, chapter->trouble, colours.off);
    } else if (chapter->red() == 0) {
      absl::StrAppend(&text, "  ", colours.green, "done", colours.off);
    } else if (chapter->run.green.empty()) {
      absl::StrAppend(&text, "  ", colours.dim, "not begun", colours.off);
    }
    absl::StrAppend(&text, "\n");
  }
  absl::StrAppend(&text, "\n",
                  next == chapters.end() ? "All chapters are done.\n" : NextStep(*next, colours));
  return text;
}

}  // namespace course
