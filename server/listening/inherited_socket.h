// Listening sockets that this process did not open itself.

#ifndef WEFT_SERVER_LISTENING_INHERITED_SOCKET_H_
#define WEFT_SERVER_LISTENING_INHERITED_SOCKET_H_

#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace weft {

// The descriptor that an Endpoint::address "fd:3" names; none if the address does not begin with
// "fd:". InvalidArgument if a decimal number does not follow.
absl::StatusOr<std::optional<int>> DescriptorOf(absl::string_view address);

// Prepares the descriptor for a server: non-blocking, not inherited by programs that this one
// starts, and, for TCP, without Nagle's algorithm. InvalidArgument if it is not a listening stream
// socket for TCP or of the Unix family; then nothing about it changes.
absl::Status PrepareInheritedSocket(int fd);

}  // namespace weft

#endif  // WEFT_SERVER_LISTENING_INHERITED_SOCKET_H_
