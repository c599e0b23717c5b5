// Connecting, within a deadline.

#ifndef WEFT_TRANSPORT_CONNECT_H_
#define WEFT_TRANSPORT_CONNECT_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "weft/transport/address.h"
#include "weft/transport/deadline.h"
#include "weft/transport/stream.h"
#include "weft/transport/wait.h"

namespace weft {

// Connects to the first of `addresses` that answers, by "Happy Eyeballs" (RFC 8305): they are tried
// in their order, but IPv6 and IPv4 by turns; each gets kConnectAttemptDelay before the next is
// tried beside it, or less when it fails; the first connection wins, and the others are given up.
// So an address that never answers, as of a network where only one of the families works, costs a
// quarter of a second. TCP streams have Nagle's delay off. Blocks; any thread.
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

// What RFC 8305, section 8, recommends.
inline constexpr absl::Duration kConnectAttemptDelay = absl::Milliseconds(250);

namespace internal {

// In the order in which they are to be tried (RFC 8305, section 4).
std::vector<SocketAddress> Interleaved(absl::Span<const SocketAddress> addresses);

// ConnectTo() with another delay, and with `name`, such as "\"host\": ", before the addresses in
// its errors.
absl::StatusOr<Stream> Race(absl::string_view name, absl::Span<const SocketAddress> addresses,
                            absl::Duration attempt_delay, Deadline deadline,
                            const Notification* cancel);

}  // namespace internal
}  // namespace weft

#endif  // WEFT_TRANSPORT_CONNECT_H_
