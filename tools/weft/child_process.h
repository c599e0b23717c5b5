// A command that runs as a process of its own.

#ifndef TOOLS_WEFT_CHILD_PROCESS_H_
#define TOOLS_WEFT_CHILD_PROCESS_H_

#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "weft/transport/fd.h"
#include "weft/transport/notification.h"

namespace weft::cli {

// NotFound if the first word of `command` names no program and nothing of the shell. OK where that
// is not known, as for a command that begins with a quote or a variable.
absl::Status CheckCommand(const std::string& command);

// A command line that the shell runs, with pipes for its input and output; its standard error is
// ours. It has a process group of its own, so that Ctrl-C on the terminal ends only this process,
// which ends the other then. Not thread-safe, except as the functions say.
class ChildProcess {
 public:
  // `environment` has more variables, as "NAME=VALUE", which replace inherited ones. Errors: the
  // system has no more processes or descriptors.
  static absl::StatusOr<ChildProcess> Start(const std::string& command,
                                            const std::vector<std::string>& environment = {});

  ChildProcess(ChildProcess&&) = default;
  ChildProcess& operator=(ChildProcess&&) = delete;

  // The process reads from `input`, to which writes do not block, and writes to `output`. Its owner
  // may close them.
  UniqueFd input;
  UniqueFd output;

  // How it ended.
  struct Exit {
    int code = 0;           // its exit code, or 128 and more for a signal, as in a shell
    int signal = 0;         // that ended it, or 0
    bool was_told = false;  // End() has sent a signal

    // "exit code 3", "signal 9 (Killed)"
    std::string ToString() const;
  };

  // Kills its process group. Another thread may call it until End() returns.
  void Kill() const;

  // Waits until it has ended, or `cancel` is notified.
  void AwaitEnd(const Notification& cancel) const;

  // Waits until it has ended: at first for `grace`, then after SIGTERM for `grace` again, then
  // after SIGKILL. The signals go to its process group, and at once if `hurry` (may be null) is
  // notified. Call it once.
  Exit End(absl::Duration grace, const Notification* hurry = nullptr);

 private:
  ChildProcess(pid_t pid, UniqueFd ended, UniqueFd to_process, UniqueFd from_process)
      : input(std::move(to_process)),
        output(std::move(from_process)),
        pid_(pid),
        ended_(std::move(ended)) {}

  const pid_t pid_;
  UniqueFd ended_;  // a pidfd: readable once it has ended
};

}  // namespace weft::cli

#endif  // TOOLS_WEFT_CHILD_PROCESS_H_
