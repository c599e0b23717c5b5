// Blocking, with a way out: until a descriptor is ready, a deadline passes, or another thread says
// stop.

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
// then says. Returns, the first that holds:
//   Cancelled          `cancel` (may be null) has been notified
//   OK                 the descriptor is ready; a deadline in the past just asks whether it is
//   DeadlineExceeded   it is not, and the deadline has passed
// Any thread; two threads may wait for the same descriptor.
absl::Status Wait(int fd, Interest interest, Deadline deadline,
                  const Notification* cancel = nullptr);

// The same for several descriptors, at least one: waits for the first that is ready and returns its
// place in `fds`.
absl::StatusOr<size_t> WaitForAny(absl::Span<const int> fds, Interest interest, Deadline deadline,
                                  const Notification* cancel = nullptr);

}  // namespace weft

#endif  // WEFT_TRANSPORT_WAIT_H_
