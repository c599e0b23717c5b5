// Host names -> addresses.

#ifndef WEFT_TRANSPORT_RESOLVE_H_
#define WEFT_TRANSPORT_RESOLVE_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "weft/transport/address.h"
#include "weft/transport/deadline.h"
#include "weft/transport/wait.h"

namespace weft {

// The addresses of `host`, at least one, in the order in which the system would try them. `host` is
// a name, or an IP address in digits (IPv6 without brackets, "fe80::1%eth0" too), which never
// blocks and needs no name service; nor does localhost and every name under it, which are ::1 and
// 127.0.0.1 (RFC 6761, section 6.3). Blocks; any thread.
//
// The system's lookup cannot be interrupted, so it runs in a thread of its own: when the deadline
// passes or `cancel` (may be null) is notified, the thread is left to finish, and its late answer
// is thrown away.
//
// Errors name the host and the reason: "cannot resolve \"nowhere.example\": Name or service not
// known". NotFound when there is no such name or network interface, Unavailable when the name
// service cannot say, DeadlineExceeded, Cancelled, InvalidArgument when `host` cannot be a name.
absl::StatusOr<std::vector<SocketAddress>> Resolve(absl::string_view host, uint16_t port,
                                                   Deadline deadline,
                                                   const Notification* cancel = nullptr);

namespace internal {

using Addresses = absl::StatusOr<std::vector<SocketAddress>>;
using Lookup = std::function<Addresses(const std::string& host, uint16_t port)>;

// Resolve() for a name, with another lookup than the system's: for tests. What `lookup` captures
// must live until it returns, which may be long after this does.
Addresses ResolveName(Lookup lookup, absl::string_view host, uint16_t port, Deadline deadline,
                      const Notification* cancel);

}  // namespace internal
}  // namespace weft

#endif  // WEFT_TRANSPORT_RESOLVE_H_
