// How far a learner is: the tests of the exercises that pass, and the next step.

#ifndef WEFT_COURSE_PROGRESS_H_
#define WEFT_COURSE_PROGRESS_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace course {

// The parts of a chapter's README.md that the table shows.
struct Page {
  std::string title;       // "3. Frames": its first line, without the #
  std::string first_step;  // the first item of the list under "## Now you", on one line
};

Page ReadPage(absl::string_view markdown);

// The tests of an exercise, "Suite.Name" each, from what the program of GoogleTest prints with
// --gtest_list_tests.
std::vector<std::string> ListedTests(absl::string_view output);

// The result of a run of the program.
struct TestRun {
  std::vector<std::string> green;  // the tests that passed
  std::string running;             // the test during which the program ended, if any
};

TestRun ReadRun(absl::string_view output);

struct Chapter {
  std::string folder;  // "course/03_frames"
  Page page;
  std::vector<std::string> tests;
  TestRun run;
  std::string trouble;  // why the program ended early, such as "crashed", or empty

  size_t red() const { return tests.size() - run.green.size(); }
};

// The table of all chapters, and below it the next step. With `colour`, in the colours of a
// terminal.
std::string Table(absl::Span<const Chapter> chapters, bool colour);

}  // namespace course

#endif  // WEFT_COURSE_PROGRESS_H_
