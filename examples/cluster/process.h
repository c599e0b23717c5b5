// A child process.

#ifndef EXAMPLES_CLUSTER_PROCESS_H_
#define EXAMPLES_CLUSTER_PROCESS_H_

#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace weft::panel {

// The path of a program in a folder of PATH; empty if there is none.
std::string FindProgram(absl::string_view name);

// Runs a command, again and again. The process is killed when this object is destroyed or our
// process ends, however that happens.
class Process {
 public:
  // The first word is the path of the program.
  explicit Process(std::vector<std::string> words) : words_(std::move(words)) {}
  ~Process() { Kill(); }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  // Unless it runs. Its output is discarded, except for errors. Must be called by a thread that
  // lives as long as the program: the process is killed when the thread ends.
  void Start();

  // SIGKILL, and waits for its end.
  void Kill();

  // Its id; 0 while it does not run.
  pid_t pid();

 private:
  const std::vector<std::string> words_;
  pid_t pid_ = 0;
};

}  // namespace weft::panel

#endif  // EXAMPLES_CLUSTER_PROCESS_H_
