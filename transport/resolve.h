// Resolves host names to addresses.

#ifndef WEFT_TRANSPORT_RESOLVE_H_
#define WEFT_TRANSPORT_RESOLVE_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "weft/transport/address.h"
#include "weft/transport/deadline.h"
#include "weft/transport/wait.h"

namespace weft {

// The addresses of `host`, at least one, in the order in which the system would try them. `host` is
// a name, or a numeric IP address (IPv6 without brackets, also "fe80::1%eth0"), which never blocks
// and needs no name service; nor do localhost and every name under it, which are ::1 and 127.0.0.1
// (RFC 6761, section 6.3). Blocks; callable from any thread.
//
// The system's lookup cannot be interrupted, so it runs in its own thread: if the deadline passes
// or `cancel` (may be null) is notified, the thread finishes in the background, and its late answer
// is discarded.
//
// Errors name the host and the reason: "cannot resolve \"nowhere.example\": Name or service not
// known". NotFound if there is no such name or network interface, Unavailable if the name service
// does not answer, DeadlineExceeded, Cancelled, InvalidArgument if `host` cannot be a name.
absl::StatusOr<std::vector<SocketAddress>> Resolve(absl::string_view host, uint16_t port,
                                                   Deadline deadline,
                                                   const Notification* cancel = nullptr);

// ---- The parts of it, for a caller that must not block ----

// The addresses that need no name service: numeric addresses, localhost, and the errors of what
// cannot be a name; nullopt for a name, which LookUp() finds. Never blocks.
std::optional<absl::StatusOr<std::vector<SocketAddress>>> ResolveAtOnce(absl::string_view host,
                                                                        uint16_t port);

// The system's lookup of a name. Blocks, and cannot be interrupted; callable from any thread.
absl::StatusOr<std::vector<SocketAddress>> LookUp(const std::string& host, uint16_t port);

// The error if `why`, such as a deadline, ends a lookup.
absl::Status LookupStopped(absl::string_view host, const absl::Status& why);

namespace internal {

using Addresses = absl::StatusOr<std::vector<SocketAddress>>;
using Lookup = std::function<Addresses(const std::string& host, uint16_t port)>;

// Resolve() for a name, with a lookup other than the system's: for tests. The captures of `lookup`
// must live until it returns, which may be long after this function does.
Addresses ResolveName(Lookup lookup, absl::string_view host, uint16_t port, Deadline deadline,
                      const Notification* cancel);

}  // namespace internal
}  // namespace weft

#endif  // WEFT_TRANSPORT_RESOLVE_H_
