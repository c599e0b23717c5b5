// Connecting within a deadline.

#ifndef WEFT_TRANSPORT_CONNECT_H_
#define WEFT_TRANSPORT_CONNECT_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "weft/transport/address.h"
#include "weft/transport/address_race.h"
#include "weft/transport/deadline.h"
#include "weft/transport/stream.h"
#include "weft/transport/wait.h"

namespace weft {

// Connects to the first of `addresses` that answers, by "Happy Eyeballs" (RFC 8305): they are tried
// in order, with IPv6 and IPv4 alternating. After kConnectAttemptDelay, or at once if an attempt
// fails, the next starts in parallel; the first connection wins, and the others are closed. So an
// address that never answers, as in a network where only one family works, costs a quarter of a
// second. Nagle's algorithm is off for TCP streams. Blocks; callable from any thread.
//
// Errors name each address tried and its reason: "cannot connect to [::1]:80 (Connection refused),
// 127.0.0.1:80 (Connection refused)". Unavailable if all were tried, DeadlineExceeded, Cancelled if
// `cancel` (may be null) was notified, InvalidArgument if there is no address. A Unix socket with a
// full backlog counts as refusing.
absl::StatusOr<Stream> ConnectTo(absl::Span<const SocketAddress> addresses, Deadline deadline,
                                 const Notification* cancel = nullptr);

// Resolve(), then ConnectTo(). The errors of both name `host`.
absl::StatusOr<Stream> ConnectTo(absl::string_view host, uint16_t port, Deadline deadline,
                                 const Notification* cancel = nullptr);

namespace internal {

// ConnectTo() with another delay, and with `name`, such as "\"host\": ", before the addresses in
// its errors.
absl::StatusOr<Stream> Race(absl::string_view name, absl::Span<const SocketAddress> addresses,
                            absl::Duration attempt_delay, Deadline deadline,
                            const Notification* cancel);

}  // namespace internal
}  // namespace weft

#endif  // WEFT_TRANSPORT_CONNECT_H_
