#include "tools/weft/child_process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstring>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "weft/transport/deadline.h"
#include "weft/transport/io.h"
#include "weft/transport/wait.h"

namespace weft::cli {
namespace {

constexpr char kShell[] = "/bin/sh";

// Runs `script` by the shell, with these arguments.
absl::StatusOr<pid_t> Spawn(std::vector<std::string> arguments,
                            const std::vector<std::string>& environment,
                            const posix_spawn_file_actions_t* actions) {
  arguments.insert(arguments.begin(), {"sh", "-c"});
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  std::vector<std::string> added = environment;
  std::vector<char*> envp;
  for (std::string& variable : added) envp.push_back(variable.data());
  // Of two variables with the same name some shells take the last, and others the first.
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const bool replaced = std::any_of(added.begin(), added.end(), [&](const std::string& other) {
      return absl::StartsWith(*variable, other.substr(0, other.find('=') + 1));
    });
    if (!replaced) envp.push_back(*variable);
  }
  envp.push_back(nullptr);

  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  posix_spawnattr_setpgroup(&attributes, 0);
  sigset_t signals;
  sigemptyset(&signals);
  posix_spawnattr_setsigmask(&attributes, &signals);
  sigaddset(&signals, SIGPIPE);  // which this process ignores
  posix_spawnattr_setsigdefault(&attributes, &signals);
  pid_t pid = 0;
  const int error = posix_spawn(&pid, kShell, actions, &attributes, argv.data(), envp.data());
  posix_spawnattr_destroy(&attributes);
  if (error != 0) return absl::ErrnoToStatus(error, "cannot start a process");
  return pid;
}

int Reap(pid_t pid) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

absl::Status MakePipe(UniqueFd* read_end, UniqueFd* write_end) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return absl::ErrnoToStatus(errno, "cannot make a pipe");
  read_end->reset(ends[0]);
  write_end->reset(ends[1]);
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckCommand(const std::string& command) {
  const size_t begin = command.find_first_not_of(" \t\n");
  if (begin == std::string::npos) return absl::InvalidArgumentError("the command is empty");
  const std::string word =
      command.substr(begin, command.find_first_of(" \t\n;&|<>", begin) - begin);
  if (word.empty() || word.find_first_of("\"'\\$`(){}*?[]#~=!") != std::string::npos) {
    return absl::OkStatus();
  }
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  const absl::StatusOr<pid_t> pid = Spawn({"command -v -- \"$1\"", "sh", word}, {}, &actions);
  posix_spawn_file_actions_destroy(&actions);
  if (!pid.ok()) return pid.status();
  if (Reap(*pid) == 0) return absl::OkStatus();
  return absl::NotFoundError(absl::StrCat("command not found: ", word));
}

absl::StatusOr<ChildProcess> ChildProcess::Start(const std::string& command,
                                                 const std::vector<std::string>& environment) {
  UniqueFd its_input;
  UniqueFd to_process;
  UniqueFd from_process;
  UniqueFd its_output;
  if (absl::Status status = MakePipe(&its_input, &to_process); !status.ok()) return status;
  if (absl::Status status = MakePipe(&from_process, &its_output); !status.ok()) return status;
  fcntl(to_process.get(), F_SETFL, O_NONBLOCK);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, its_input.get(), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, its_output.get(), STDOUT_FILENO);
  const absl::StatusOr<pid_t> pid = Spawn({command}, environment, &actions);
  posix_spawn_file_actions_destroy(&actions);
  if (!pid.ok()) return pid.status();
  UniqueFd ended(static_cast<int>(syscall(SYS_pidfd_open, *pid, 0)));
  if (!ended.is_open()) {
    const int error = errno;
    kill(-*pid, SIGKILL);
    Reap(*pid);
    return absl::ErrnoToStatus(error, "cannot watch a process");
  }
  return ChildProcess(*pid, std::move(ended), std::move(to_process), std::move(from_process));
}

void ChildProcess::Kill() const { kill(-pid_, SIGKILL); }

void ChildProcess::AwaitEnd(const Notification& cancel) const {
  Wait(ended_.get(), Interest::kRead, Deadline::Never(), &cancel).IgnoreError();
}

ChildProcess::Exit ChildProcess::End(absl::Duration grace, const Notification* hurry) {
  Exit exit;
  for (const int signal : {SIGTERM, SIGKILL}) {
    if (Wait(ended_.get(), Interest::kRead, Deadline::After(grace), hurry).ok()) break;
    kill(-pid_, signal);
    exit.was_told = true;
  }
  const int status = Reap(pid_);
  exit.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  exit.code = exit.signal != 0 ? 128 + exit.signal : WEXITSTATUS(status);
  return exit;
}

std::string ChildProcess::Exit::ToString() const {
  if (signal == 0) return absl::StrCat("exit code ", code);
  return absl::StrCat("signal ", signal, " (", strsignal(signal), ")");
}

}  // namespace weft::cli
