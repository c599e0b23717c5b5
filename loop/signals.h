// Waits for signals to the process, such as SIGTERM.

#ifndef WEFT_LOOP_SIGNALS_H_
#define WEFT_LOOP_SIGNALS_H_

#include <csignal>  // IWYU pragma: export
#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "weft/transport/fd.h"
#include "weft/transport/notification.h"

namespace weft {

// Takes signals in place of their default action, on an ordinary thread, where any code may handle
// them; a signal handler may call few functions. Create it at the start of main(): the signals are
// blocked in the calling thread and in every thread that is started later. A thread that was
// started earlier still gets them, with the default action.
//
//   int main() {
//     auto signals = weft::SignalWaiter::Create({SIGINT, SIGTERM, SIGHUP});
//     if (!signals.ok()) return 1;
//     auto server = weft::Server::Start({.port = 8443, .tls = tls}, acceptor);
//     if (!server.ok()) return 1;
//     while (signals->Wait() == SIGHUP) (*server)->ReloadCertificates().IgnoreError();
//     (*server)->Drain(absl::Seconds(30));
//   }
//
// The methods may be called from several threads at once; each signal goes to one of them. A signal
// that arrives several times before it is taken counts once. Only signals to the whole process are
// seen, as kill(2) and terminals send them, and not those that raise() and pthread_kill() send to
// another thread. Programs that this one starts inherit the blocked signals. Of two SignalWaiters
// for the same signal either one may get it. Owns two descriptors.
class SignalWaiter {
 public:
  // Blocks `signals`. A signal that the process ignores, as under nohup, is taken like any other:
  // leave it out to keep ignoring it (IsIgnored). InvalidArgument for a number that is not a
  // signal, and for SIGKILL and SIGSTOP, which cannot be blocked; ResourceExhausted if the process
  // has no descriptor left. After an error nothing is blocked.
  static absl::StatusOr<SignalWaiter> Create(absl::Span<const int> signals);

  // Discards the signals that were not taken, and unblocks in the calling thread those that
  // Create() blocked. Must be called by the thread that called Create(), when no thread is in
  // Wait().
  ~SignalWaiter();

  SignalWaiter(SignalWaiter&&) = default;
  SignalWaiter& operator=(SignalWaiter&&) = delete;

  // Takes a signal and returns its number; waits for one up to `timeout`, and with zero not at all.
  // Nullopt if none has arrived by then, or after Cancel().
  std::optional<int> Wait(absl::Duration timeout = absl::InfiniteDuration());

  // Ends every current and future Wait() of all threads. Idempotent.
  void Cancel() { cancelled_.Notify(); }

  // For a poll loop of the application: readable while a signal waits to be taken, by
  // Wait(absl::ZeroDuration()). Only poll it, never read it.
  int fd() const { return fd_.get(); }

  // Whether the process ignores `signal`: under nohup SIGHUP, in the background of a script SIGINT.
  static bool IsIgnored(int signal);

 private:
  SignalWaiter(UniqueFd fd, Notification cancelled, const sigset_t& unblocked_before)
      : fd_(std::move(fd)), cancelled_(std::move(cancelled)), unblocked_before_(unblocked_before) {}

  std::optional<int> Take();

  UniqueFd fd_;  // a signalfd
  Notification cancelled_;
  sigset_t unblocked_before_;  // those that Create() blocked
};

}  // namespace weft

#endif  // WEFT_LOOP_SIGNALS_H_
