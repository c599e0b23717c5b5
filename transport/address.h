// Socket addresses: an IP address with a port, or a file system path.

#ifndef WEFT_TRANSPORT_ADDRESS_H_
#define WEFT_TRANSPORT_ADDRESS_H_

#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace weft {

// An IPv4, IPv6 or Unix socket address, or none. A value type of 8 bytes, small enough to keep one
// per connection (the kernel's sockaddr_storage has 128): an IPv4 address lies in them, and copies
// of another share memory. Thread-safe like an int.
//
// An IPv4-mapped IPv6 address (::ffff:1.2.3.4, which a listener on "::" sees for its IPv4 peers)
// equals the IPv4 address: a peer has one address.
//
//   SocketAddress address = *SocketAddress::FromIp("::1", 8080);
//   address.ToString();   // "[::1]:8080"
class SocketAddress {
 public:
  SocketAddress() = default;
  SocketAddress(const SocketAddress& other) : bits_(other.bits_) {
    if (is_shared()) Share();
  }
  SocketAddress(SocketAddress&& other) noexcept : bits_(std::exchange(other.bits_, kNone)) {}
  SocketAddress& operator=(SocketAddress other) noexcept {
    std::swap(bits_, other.bits_);
    return *this;
  }
  ~SocketAddress() {
    if (is_shared()) Release();
  }

  // `ip` in numeric form, "127.0.0.1" or "::1" (no brackets, no scope; Resolve() understands both).
  // Fails for anything else: use Resolve() for names.
  static absl::StatusOr<SocketAddress> FromIp(absl::string_view ip, uint16_t port);

  // Fails if `path` is empty, too long for the kernel (over 107 bytes on Linux) or contains a NUL.
  // On Linux a path that starts with '@' is a name in the abstract namespace, without a file.
  static absl::StatusOr<SocketAddress> FromUnixPath(absl::string_view path);

  // Converts an address of the kernel or getaddrinfo(). For any other family the result has no
  // address.
  static SocketAddress FromSockaddr(const sockaddr* from, socklen_t size);

  // Writes the kernel's form, and returns its size; 0 if there is no address.
  socklen_t ToSockaddr(sockaddr_storage* out) const;

  // AF_INET, AF_INET6, AF_UNIX, or AF_UNSPEC if there is no address.
  int family() const;
  bool is_ip() const;

  // "127.0.0.1", "::1", "fe80::1%2" (2 is the interface's number); empty if not an IP address.
  std::string ip() const;

  // The IP address in network order; IPv4 uses the first four bytes. Zeros if not an IP address.
  std::array<uint8_t, 16> ip_bytes() const;

  // 0 if not an IP address.
  uint16_t port() const;

  // Empty if not a Unix address, and for a Unix socket without a name, as clients usually have.
  absl::string_view path() const;

  // "127.0.0.1:8080", "[::1]:8080", "unix:/run/chat.sock", "unix:" for a socket without a name,
  // "none".
  std::string ToString() const;

  friend bool operator==(const SocketAddress& a, const SocketAddress& b);
  friend bool operator!=(const SocketAddress& a, const SocketAddress& b) { return !(a == b); }

 private:
  struct Ip {
    std::array<uint8_t, 16> bytes{};  // in network order; IPv4 uses the first four bytes
    uint32_t scope = 0;               // the interface of a link-local IPv6 address
    uint16_t port = 0;
    bool v6 = false;

    bool operator==(const Ip&) const = default;
  };
  struct Shared;  // an IPv6 address or a path

  explicit SocketAddress(uint64_t bits) : bits_(bits) {}
  static SocketAddress Make(const Ip& ip);
  static SocketAddress Make(std::string path);

  // A pointer to Shared has none of the bits of kKind.
  static constexpr uint64_t kNone = 0;
  static constexpr uint64_t kV4 = 1;  // with the address in bits 32 to 63, the port in 16 to 31
  static constexpr uint64_t kUnnamed = 2;  // a Unix socket without a name
  static constexpr uint64_t kKind = 3;

  bool is_shared() const { return (bits_ & kKind) == 0 && bits_ != kNone; }
  const Shared* shared() const;
  void Share() const;
  void Release() const;
  std::optional<Ip> AsIp() const;

  uint64_t bits_ = kNone;
};

// Whether two addresses of one family, as SocketAddress::ip_bytes() has them, begin with the same
// `bits` bits.
bool SharePrefix(const std::array<uint8_t, 16>& a, const std::array<uint8_t, 16>& b, int bits);

// The address that the socket `fd` is bound to, with its actual port if port 0 was requested; and
// the peer's address. No address if the kernel has none.
SocketAddress LocalAddress(int fd);
SocketAddress PeerAddress(int fd);

}  // namespace weft

#endif  // WEFT_TRANSPORT_ADDRESS_H_
