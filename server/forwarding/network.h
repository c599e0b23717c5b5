// Networks of addresses, such as 10.0.0.0/8.

#ifndef WEFT_SERVER_FORWARDING_NETWORK_H_
#define WEFT_SERVER_FORWARDING_NETWORK_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "weft/transport/address.h"

namespace weft {

// The IP addresses that begin with the same bits, or all peers of Unix sockets, which have no such
// address.
class Network {
 public:
  // "10.0.0.0/8", "2001:db8::/32", "192.0.2.1" and "::1" for a single address, "unix:" for the
  // peers of Unix sockets. InvalidArgument says what is wrong: no address before the '/', a length
  // out of range, bits after the prefix ("10.1.0.0/8").
  static absl::StatusOr<Network> Parse(absl::string_view text);

  // An IPv4-mapped IPv6 address is the IPv4 address: see SocketAddress.
  bool Contains(const SocketAddress& address) const;

 private:
  int family_ = 0;
  int bits_ = 0;  // the length of the prefix
  std::array<uint8_t, 16> prefix_{};
};

// A list of networks. An empty one contains no address. Takes time linear in the number of
// networks.
class Networks {
 public:
  // The error is that of the first entry that is none.
  static absl::StatusOr<Networks> Parse(absl::Span<const std::string> entries);

  bool Contains(const SocketAddress& address) const;
  bool empty() const { return networks_.empty(); }

 private:
  std::vector<Network> networks_;
};

}  // namespace weft

#endif  // WEFT_SERVER_FORWARDING_NETWORK_H_
