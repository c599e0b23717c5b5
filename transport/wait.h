// Blocking waits that end when a descriptor is ready, a deadline passes, or another thread cancels
// them.

#ifndef WEFT_TRANSPORT_WAIT_H_
#define WEFT_TRANSPORT_WAIT_H_

#include <cstddef>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "weft/transport/deadline.h"
#include "weft/transport/io.h"
#include "weft/transport/notification.h"

namespace weft {

// Waits until `fd` is ready for `interest`, or has ended or failed, which the next read or write
// reports. Returns the first that applies:
//   Cancelled          `cancel` (may be null) has been notified
//   OK                 the descriptor is ready; a deadline in the past only checks that
//   DeadlineExceeded   it is not, and the deadline has passed
// Callable from any thread; two threads may wait for the same descriptor.
absl::Status Wait(int fd, Interest interest, Deadline deadline,
                  const Notification* cancel = nullptr);

// The same for several descriptors, at least one: waits for the first that is ready and returns its
// index in `fds`.
absl::StatusOr<size_t> WaitForAny(absl::Span<const int> fds, Interest interest, Deadline deadline,
                                  const Notification* cancel = nullptr);

// Whether a sequence of steps should stop, of which some need not wait: Cancelled,
// DeadlineExceeded, or OK.
absl::Status CheckStopped(Deadline deadline, const Notification* cancel);

}  // namespace weft

#endif  // WEFT_TRANSPORT_WAIT_H_
