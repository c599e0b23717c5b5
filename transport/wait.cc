#include "weft/transport/wait.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <limits>

#include "absl/container/inlined_vector.h"
#include "absl/time/time.h"

namespace weft {
namespace {

// A timeout for poll(): milliseconds, -1 for none. Rounded up, because the last millisecond would
// otherwise spin; a wait too long for an int is cut, and the caller's loop continues it.
int PollTimeout(Deadline deadline) {
  if (deadline.is_never()) return -1;
  const int64_t ms =
      absl::ToInt64Milliseconds(absl::Ceil(deadline.Remaining(), absl::Milliseconds(1)));
  return static_cast<int>(std::min<int64_t>(ms, std::numeric_limits<int>::max()));
}

int16_t PollEvents(Interest interest) {
  switch (interest) {
    case Interest::kRead:
      return POLLIN;
    case Interest::kWrite:
      return POLLOUT;
    case Interest::kReadWrite:
      break;
  }
  return POLLIN | POLLOUT;
}

absl::Status NotOpen() {
  return absl::FailedPreconditionError("cannot wait for a descriptor that is not open");
}

}  // namespace

absl::Status Wait(int fd, Interest interest, Deadline deadline, const Notification* cancel) {
  return WaitForAny({fd}, interest, deadline, cancel).status();
}

absl::StatusOr<size_t> WaitForAny(absl::Span<const int> fds, Interest interest, Deadline deadline,
                                  const Notification* cancel) {
  absl::InlinedVector<pollfd, 4> polled;
  for (const int fd : fds) {
    // poll() ignores a negative descriptor, so the wait would be for nothing.
    if (fd < 0) return NotOpen();
    polled.push_back({.fd = fd, .events = PollEvents(interest), .revents = 0});
  }
  polled.push_back({.fd = cancel != nullptr ? cancel->fd() : -1, .events = POLLIN, .revents = 0});
  while (true) {
    const int timeout = PollTimeout(deadline);
    const int ready = poll(polled.data(), polled.size(), timeout);
    if (ready < 0 && errno != EINTR) return absl::ErrnoToStatus(errno, "poll");
    if (ready > 0) {
      if (polled.back().revents != 0) return absl::CancelledError("cancelled");
      const auto first = std::find_if(polled.begin(), polled.end(),
                                      [](const pollfd& fd) { return fd.revents != 0; });
      if ((first->revents & POLLNVAL) != 0) return NotOpen();
      return first - polled.begin();
    }
    if (ready == 0 && timeout == 0) return absl::DeadlineExceededError("deadline exceeded");
  }
}

absl::Status CheckStopped(Deadline deadline, const Notification* cancel) {
  if (cancel != nullptr && cancel->HasBeenNotified()) return absl::CancelledError("cancelled");
  if (deadline.HasPassed()) return absl::DeadlineExceededError("deadline exceeded");
  return absl::OkStatus();
}

}  // namespace weft
