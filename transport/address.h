// Where a socket is: an IP address with a port, or a path of the file system.

#ifndef WEFT_TRANSPORT_ADDRESS_H_
#define WEFT_TRANSPORT_ADDRESS_H_

#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <variant>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace weft {

// An IPv4, IPv6 or Unix socket address, or none. A value type of 32 bytes, small enough to keep one
// a connection (the kernel's own sockaddr_storage is 128); copying never copies a path.
//
// An IPv4 address that IPv6 carries (::ffff:1.2.3.4, as a listener on "::" sees its IPv4 peers) is
// the IPv4 address itself: one peer has one name.
//
//   SocketAddress address = *SocketAddress::FromIp("::1", 8080);
//   address.ToString();   // "[::1]:8080"
class SocketAddress {
 public:
  SocketAddress() = default;

  // `ip` as digits, "127.0.0.1" or "::1" (no brackets, no scope; Resolve() understands both). Fails
  // for anything else: names are for Resolve().
  static absl::StatusOr<SocketAddress> FromIp(absl::string_view ip, uint16_t port);

  // Fails when `path` is empty, longer than the kernel takes (107 bytes on Linux) or holds a NUL.
  // On Linux a path that starts with '@' is a name in the abstract namespace, with no file.
  static absl::StatusOr<SocketAddress> FromUnixPath(absl::string_view path);

  // What the kernel or getaddrinfo() gave. A family that is none of the three gives no address.
  static SocketAddress FromSockaddr(const sockaddr* address, socklen_t size);

  // Writes what the kernel takes, and returns its size; 0 when there is no address.
  socklen_t ToSockaddr(sockaddr_storage* out) const;

  // AF_INET, AF_INET6, AF_UNIX, or AF_UNSPEC when there is no address.
  int family() const;
  bool is_ip() const { return std::holds_alternative<Ip>(value_); }

  // "127.0.0.1", "::1", "fe80::1%2" (2 is the interface's number); empty when not an IP address.
  std::string ip() const;

  // 0 when not an IP address.
  uint16_t port() const;

  // Empty when not a Unix address, and for a Unix socket without a name, as most clients' are.
  absl::string_view path() const;

  // "127.0.0.1:8080", "[::1]:8080", "unix:/run/chat.sock", "unix:" for one without a name, "none".
  std::string ToString() const;

  friend bool operator==(const SocketAddress& a, const SocketAddress& b);
  friend bool operator!=(const SocketAddress& a, const SocketAddress& b) { return !(a == b); }

 private:
  struct Ip {
    std::array<uint8_t, 16> bytes{};  // in the order of the wire; IPv4 is the first four
    uint32_t scope = 0;               // the interface of a link-local IPv6 address
    uint16_t port = 0;
    bool v6 = false;

    bool operator==(const Ip&) const = default;
  };
  using Path = std::shared_ptr<const std::string>;  // null: without a name

  std::variant<std::monostate, Ip, Path> value_;
};

// The address that the socket `fd` is bound to, with the port it got if it asked for port 0; and
// the one at its other end. No address when the kernel knows none.
SocketAddress LocalAddress(int fd);
SocketAddress PeerAddress(int fd);

}  // namespace weft

#endif  // WEFT_TRANSPORT_ADDRESS_H_
