#include "examples/cluster/process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace weft::panel {

std::string FindProgram(absl::string_view name) {
  const char* const path = std::getenv("PATH");
  for (const absl::string_view folder : absl::StrSplit(path != nullptr ? path : "", ':')) {
    std::string file = absl::StrCat(folder, "/", name);
    if (access(file.c_str(), X_OK) == 0) return file;
  }
  return "";
}

void Process::Start() {
  if (pid() != 0) return;
  std::vector<char*> argv;
  argv.reserve(words_.size() + 1);
  for (const std::string& word : words_) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child < 0) return;  // pid() says so
  if (child > 0) {
    pid_ = child;
    return;
  }
  // The child: only calls that are allowed after fork() in a program with threads.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);  // it ended before that
  setpgid(0, 0);                      // Ctrl-C is for the parent, which ends its children
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  const int discard = open("/dev/null", O_RDWR);
  dup2(discard, 0);
  dup2(discard, 1);
  execv(argv[0], argv.data());
  _exit(127);
}

void Process::Kill() {
  if (pid() == 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = 0;
}

pid_t Process::pid() {
  if (pid_ != 0 && waitpid(pid_, nullptr, WNOHANG) != 0) pid_ = 0;
  return pid_;
}

}  // namespace weft::panel
