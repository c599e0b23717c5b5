// Tells a thread that waits for a socket to stop.

#ifndef WEFT_TRANSPORT_NOTIFICATION_H_
#define WEFT_TRANSPORT_NOTIFICATION_H_

#include <utility>

#include "absl/status/statusor.h"
#include "weft/transport/fd.h"

namespace weft {

// An event that happens once and stays, like absl::Notification, but can be waited for together
// with a socket. A blocking function that takes one can be ended from another thread:
//
//   Notification cancel = *Notification::Create();
//   std::thread other([&] { cancel.Notify(); });
//   Wait(fd, Interest::kRead, Deadline::Never(), &cancel);   // Cancelled, also when it came first
//
// All const methods may be called from several threads at once. Owns one descriptor.
class Notification {
 public:
  // Fails if the process has no descriptor left.
  static absl::StatusOr<Notification> Create();

  // Wakes every current and future waiter. Safe in a signal handler. Idempotent.
  void Notify() const;

  bool HasBeenNotified() const;

  // Readable from Notify() on, permanently. Only poll it, never read it.
  int fd() const { return fd_.get(); }

 private:
  explicit Notification(UniqueFd fd) : fd_(std::move(fd)) {}

  UniqueFd fd_;
};

}  // namespace weft

#endif  // WEFT_TRANSPORT_NOTIFICATION_H_
