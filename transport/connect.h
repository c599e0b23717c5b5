// Connecting, within a deadline.

#ifndef WEFT_TRANSPORT_CONNECT_H_
#define WEFT_TRANSPORT_CONNECT_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "weft/transport/address.h"
#include "weft/transport/deadline.h"
#include "weft/transport/stream.h"
#include "weft/transport/wait.h"

namespace weft {

// Connects to the first of `addresses` that answers, tried one after the other; all of them share
// the deadline, so that one that never answers leaves no time for those behind it. TCP streams have
// Nagle's delay off. Blocks; any thread.
//
// Errors name each address tried and its reason: "cannot connect to [::1]:80 (Connection refused),
// 127.0.0.1:80 (Connection refused)". Unavailable when all were tried, DeadlineExceeded, Cancelled
// when `cancel` (may be null) was notified, InvalidArgument when there is none to try. A Unix
// socket whose backlog is full counts as one that refuses.
absl::StatusOr<Stream> ConnectTo(absl::Span<const SocketAddress> addresses, Deadline deadline,
                                 const Notification* cancel = nullptr);

// Resolve(), then the same. Errors of either name `host`.
absl::StatusOr<Stream> ConnectTo(absl::string_view host, uint16_t port, Deadline deadline,
                                 const Notification* cancel = nullptr);

}  // namespace weft

#endif  // WEFT_TRANSPORT_CONNECT_H_
