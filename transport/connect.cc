#include "weft/transport/connect.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "weft/transport/fd.h"
#include "weft/transport/io.h"
#include "weft/transport/resolve.h"

namespace weft {
namespace {

// Unavailable: that the next address may do better. The message is the reason alone.
absl::Status Failed(int error) {
  return absl::UnavailableError(std::generic_category().message(error));
}

absl::StatusOr<Stream> ConnectToOne(const SocketAddress& address, Deadline deadline,
                                    const Notification* cancel) {
  // Asked here, because an attempt that needs no waiting would not.
  if (cancel != nullptr && cancel->HasBeenNotified()) return absl::CancelledError("cancelled");
  if (deadline.HasPassed()) return absl::DeadlineExceededError("deadline exceeded");
  UniqueFd fd(socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.is_open()) return Failed(errno);
  if (address.is_ip()) {
    const int on = 1;
    setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  }
  sockaddr_storage storage;
  const socklen_t size = address.ToSockaddr(&storage);
  if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&storage), size) < 0) {
    // After EINTR the attempt goes on by itself, as it does after EINPROGRESS.
    if (errno != EINPROGRESS && errno != EINTR) return Failed(errno);
    if (absl::Status status = Wait(fd.get(), Interest::kWrite, deadline, cancel); !status.ok()) {
      return status;
    }
    int error = 0;
    socklen_t error_size = sizeof(error);
    if (getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &error_size) < 0) error = errno;
    if (error != 0) return Failed(error);
  }
  return Stream(std::move(fd));
}

// `name` stands before the addresses in an error: what they are the addresses of, if anything.
absl::StatusOr<Stream> ConnectToFirst(absl::string_view name,
                                      absl::Span<const SocketAddress> addresses, Deadline deadline,
                                      const Notification* cancel) {
  std::string message = absl::StrCat("cannot connect to ", name);
  absl::string_view separator = "";
  absl::Status last;
  for (const SocketAddress& address : addresses) {
    absl::StatusOr<Stream> stream = ConnectToOne(address, deadline, cancel);
    if (stream.ok()) return stream;
    last = stream.status();
    absl::StrAppend(&message, std::exchange(separator, ", "), address.ToString(), " (",
                    last.message(), ")");
    if (!absl::IsUnavailable(last)) break;  // out of time, or cancelled
  }
  return absl::Status(last.code(), message);
}

}  // namespace

absl::StatusOr<Stream> ConnectTo(absl::Span<const SocketAddress> addresses, Deadline deadline,
                                 const Notification* cancel) {
  if (addresses.empty()) return absl::InvalidArgumentError("no address to connect to");
  return ConnectToFirst("", addresses, deadline, cancel);
}

absl::StatusOr<Stream> ConnectTo(absl::string_view host, uint16_t port, Deadline deadline,
                                 const Notification* cancel) {
  absl::StatusOr<std::vector<SocketAddress>> addresses = Resolve(host, port, deadline, cancel);
  if (!addresses.ok()) return addresses.status();
  return ConnectToFirst(absl::StrCat("\"", host, "\": "), *addresses, deadline, cancel);
}

}  // namespace weft
