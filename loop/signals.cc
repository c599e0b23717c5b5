#include "weft/loop/signals.h"

#include <poll.h>
#include <pthread.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <iterator>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "weft/transport/deadline.h"

namespace weft {

absl::StatusOr<SignalWaiter> SignalWaiter::Create(absl::Span<const int> signals) {
  sigset_t all, before, unblocked;
  sigemptyset(&all);
  sigemptyset(&unblocked);
  pthread_sigmask(SIG_BLOCK, nullptr, &before);
  for (const int signal : signals) {
    if (signal == SIGKILL || signal == SIGSTOP || sigaddset(&all, signal) != 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("cannot wait for signal ", signal, ", expected one that can be blocked"));
    }
    if (sigismember(&before, signal) == 0) sigaddset(&unblocked, signal);
  }
  absl::StatusOr<Notification> cancelled = Notification::Create();
  if (!cancelled.ok()) return cancelled.status();
  UniqueFd fd(signalfd(-1, &all, SFD_NONBLOCK | SFD_CLOEXEC));
  if (!fd.is_open()) return absl::ErrnoToStatus(errno, "cannot wait for signals (signalfd)");
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
  return SignalWaiter(std::move(fd), *std::move(cancelled), unblocked);
}

SignalWaiter::~SignalWaiter() {
  if (!fd_.is_open()) return;  // moved from
  // A second Ctrl-C must not end a process that is about to return from main().
  while (Take().has_value()) {
  }
  pthread_sigmask(SIG_UNBLOCK, &unblocked_before_, nullptr);
}

std::optional<int> SignalWaiter::Wait(absl::Duration timeout) {
  const Deadline deadline = Deadline::After(timeout);
  pollfd polled[] = {{.fd = cancelled_.fd(), .events = POLLIN, .revents = 0},
                     {.fd = fd_.get(), .events = POLLIN, .revents = 0}};
  while (true) {
    const bool last = deadline.HasPassed();
    const timespec rest = absl::ToTimespec(deadline.Remaining());
    const int ready = ppoll(polled, std::size(polled), deadline.is_never() ? nullptr : &rest,
                            /*sigmask=*/nullptr);
    if (ready < 0 && errno != EINTR) return std::nullopt;
    if (ready > 0) {
      if (polled[0].revents != 0) return std::nullopt;
      // Another thread may have taken it.
      if (const std::optional<int> signal = Take(); signal.has_value()) return signal;
    }
    if (last) return std::nullopt;
  }
}

bool SignalWaiter::IsIgnored(int signal) {
  struct sigaction action;
  return sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

std::optional<int> SignalWaiter::Take() {
  signalfd_siginfo info;
  while (true) {
    if (read(fd_.get(), &info, sizeof(info)) == sizeof(info)) {
      return static_cast<int>(info.ssi_signo);
    }
    if (errno != EINTR) return std::nullopt;
  }
}

}  // namespace weft
