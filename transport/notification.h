// Telling a thread that waits for a socket to stop.

#ifndef WEFT_TRANSPORT_NOTIFICATION_H_
#define WEFT_TRANSPORT_NOTIFICATION_H_

#include <utility>

#include "absl/status/statusor.h"
#include "weft/transport/fd.h"

namespace weft {

// Something that happens once and stays so, like absl::Notification, but can be waited for beside a
// socket. Given to what blocks, it is the way to end that from another thread:
//
//   Notification cancel = *Notification::Create();
//   std::thread other([&] { cancel.Notify(); });
//   Wait(fd, Interest::kRead, Deadline::Never(), &cancel);   // Cancelled, also when it came first
//
// All const methods may be called from any thread at once. Owns one descriptor.
class Notification {
 public:
  // Fails when the process has no descriptor left.
  static absl::StatusOr<Notification> Create();

  // Wakes whoever waits, now or later. Safe in a signal handler. More than once is once.
  void Notify() const;

  bool HasBeenNotified() const;

  // Readable from Notify() on, for ever. Only to be polled, never read.
  int fd() const { return fd_.get(); }

 private:
  explicit Notification(UniqueFd fd) : fd_(std::move(fd)) {}

  UniqueFd fd_;
};

}  // namespace weft

#endif  // WEFT_TRANSPORT_NOTIFICATION_H_
