// Shows how far you are in the course:
//
//   ./bazelw run //course
//
// Runs the tests of each exercise, and prints a table. The arguments are the chapters' folders.

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "course/progress.h"

namespace {

// The time that the tests of one chapter may take.
constexpr unsigned kSeconds = 60;

struct Ended {
  std::string output;
  int status = 0;  // as waitpid() returns it
};

// Runs `program`, whose output is read to its end. Its errors are part of it.
Ended RunProgram(const std::string& program, const char* flag) {
  Ended ended;
  int ends[2];
  if (pipe(ends) != 0) {
    std::cerr << "course: no pipe\n";
    std::exit(1);
  }
  const pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], STDOUT_FILENO);
    dup2(ends[1], STDERR_FILENO);
    close(ends[0]);
    close(ends[1]);
    unsetenv("XML_OUTPUT_FILE");
    alarm(kSeconds);  // survives exec: SIGALRM ends a program that does not end itself
    execl(program.c_str(), program.c_str(), flag, nullptr);
    _exit(127);
  }
  close(ends[1]);
  char buffer[4096];
  ssize_t size;
  while ((size = read(ends[0], buffer, sizeof buffer)) > 0 || (size < 0 && errno == EINTR)) {
    if (size > 0) ended.output.append(buffer, static_cast<size_t>(size));
  }
  close(ends[0]);
  while (waitpid(child, &ended.status, 0) < 0 && errno == EINTR) {
  }
  return ended;
}

std::string TroubleOf(int status) {
  if (!WIFSIGNALED(status)) return "";
  if (WTERMSIG(status) == SIGALRM) return absl::StrCat("did not end within ", kSeconds, " s");
  return absl::StrCat("crashed (", strsignal(WTERMSIG(status)), ")");
}

std::string Content(const std::string& path) {
  std::ifstream file(path);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

bool WantsColour() {
  const char* term = std::getenv("TERM");
  return isatty(STDOUT_FILENO) != 0 && std::getenv("NO_COLOR") == nullptr && term != nullptr &&
         std::string(term) != "dumb";
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<course::Chapter> chapters;
  for (int i = 1; i < argc; ++i) {
    const std::string folder = argv[i];
    const std::string program = folder + "/exercise";
    course::Chapter chapter;
    chapter.folder = folder;
    chapter.page = course::ReadPage(Content(folder + "/README.md"));
    chapter.tests = course::ListedTests(RunProgram(program, "--gtest_list_tests").output);
    const Ended ended = RunProgram(program, "--gtest_color=no");
    chapter.run = course::ReadRun(ended.output);
    chapter.trouble = TroubleOf(ended.status);
    chapters.push_back(std::move(chapter));
  }
  std::cout << course::Table(chapters, WantsColour());
  return 0;
}
