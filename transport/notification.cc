#include "weft/transport/notification.h"

#include <poll.h>
#include <sys/eventfd.h>

#include <cerrno>

#include "absl/status/status.h"

namespace weft {

absl::StatusOr<Notification> Notification::Create() {
  UniqueFd fd(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!fd.is_open()) return absl::ErrnoToStatus(errno, "cannot make a notification (eventfd)");
  return Notification(std::move(fd));
}

void Notification::Notify() const {
  const int saved_errno = errno;  // a signal handler must not change it
  // Fails only if the counter is at its maximum, and then it has been notified.
  while (eventfd_write(fd_.get(), 1) < 0 && errno == EINTR) {
  }
  errno = saved_errno;
}

bool Notification::HasBeenNotified() const {
  pollfd poll_fd = {.fd = fd_.get(), .events = POLLIN, .revents = 0};
  return poll(&poll_fd, 1, 0) > 0;
}

}  // namespace weft
