#include "weft/server/listening/listener.h"

#include <sys/stat.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "weft/server/listening/inherited_socket.h"
#include "weft/transport/address.h"
#include "weft/transport/deadline.h"
#include "weft/transport/listen.h"
#include "weft/transport/resolve.h"

namespace weft {
namespace {

absl::StatusOr<std::vector<SocketAddress>> AddressesOf(const Endpoint& endpoint) {
  absl::string_view path = endpoint.address;
  if (!absl::ConsumePrefix(&path, "unix:")) {
    return Resolve(endpoint.address, endpoint.port, Deadline::After(absl::Seconds(10)));
  }
  absl::StatusOr<SocketAddress> address = SocketAddress::FromUnixPath(path);
  if (!address.ok()) return address.status();
  return std::vector<SocketAddress>{*std::move(address)};
}

// Listens on the first of the addresses that this machine has: localhost is ::1 and 127.0.0.1, and
// a machine without IPv6 lacks the first. An address that is in use is an error, because clients
// that try it first would reach another server.
absl::StatusOr<UniqueFd> ListenAtFirst(absl::Span<const SocketAddress> addresses) {
  absl::Status error;
  for (const SocketAddress& address : addresses) {
    absl::StatusOr<UniqueFd> fd = Listen(address);
    if (fd.ok() || absl::IsFailedPrecondition(fd.status())) return fd;  // EADDRINUSE
    error.Update(fd.status());
  }
  return error;
}

// The file at the path of a Unix socket; none if it does not exist.
std::optional<struct stat> SocketFileOf(int fd) {
  const std::string path(LocalAddress(fd).path());
  struct stat info;
  if (path.empty() || path[0] == '@' || lstat(path.c_str(), &info) != 0) return std::nullopt;
  return info;
}

}  // namespace

absl::StatusOr<Listener> Listener::Open(const Endpoint& endpoint) {
  if (endpoint.tls != nullptr && !endpoint.tls->is_server()) {
    return absl::InvalidArgumentError(
        "a server needs a TlsContext made by ForServer, not ForClient");
  }
  const absl::StatusOr<std::optional<int>> inherited = DescriptorOf(endpoint.address);
  if (!inherited.ok()) return inherited.status();
  if (inherited->has_value()) {
    if (absl::Status status = PrepareInheritedSocket(**inherited); !status.ok()) return status;
    return Listener(UniqueFd(**inherited), /*is_inherited=*/true, endpoint.tls);
  }
  const absl::StatusOr<std::vector<SocketAddress>> addresses = AddressesOf(endpoint);
  if (!addresses.ok()) return addresses.status();
  absl::StatusOr<UniqueFd> fd = ListenAtFirst(*addresses);
  if (!fd.ok()) return fd.status();
  return Listener(*std::move(fd), /*is_inherited=*/false, endpoint.tls);
}

// The file of an inherited socket belongs to the process that opened it.
Listener::Listener(UniqueFd fd, bool is_inherited, std::shared_ptr<TlsContext> tls)
    : fd_(std::move(fd)), is_inherited_(is_inherited), tls_(std::move(tls)) {
  if (is_inherited_) return;
  if (const std::optional<struct stat> file = SocketFileOf(fd_.get()); file.has_value()) {
    device_ = file->st_dev;
    inode_ = file->st_ino;
  }
}

// Removes the file before the socket is closed. Afterwards another server could replace the file,
// and even reuse its inode.
Listener::~Listener() {
  if (!fd_.is_open() || is_inherited_) return;
  const std::optional<struct stat> file = SocketFileOf(fd_.get());
  if (file.has_value() && file->st_dev == device_ && file->st_ino == inode_) {
    unlink(std::string(LocalAddress(fd_.get()).path()).c_str());
  }
}

absl::StatusOr<std::vector<std::shared_ptr<const Listener>>> OpenListeners(
    const std::vector<Endpoint>& endpoints) {
  std::vector<std::shared_ptr<const Listener>> listeners;
  for (const Endpoint& endpoint : endpoints) {
    // Before the second of two owners of one descriptor is made.
    const absl::StatusOr<std::optional<int>> fd = DescriptorOf(endpoint.address);
    for (const std::shared_ptr<const Listener>& other : listeners) {
      if (fd.ok() && *fd == other->fd()) {
        return absl::InvalidArgumentError(
            absl::StrCat("two endpoints have the file descriptor ", endpoint.address));
      }
    }
    absl::StatusOr<Listener> listener = Listener::Open(endpoint);
    if (!listener.ok()) return listener.status();
    listeners.push_back(std::make_shared<const Listener>(*std::move(listener)));
  }
  return listeners;
}

}  // namespace weft
