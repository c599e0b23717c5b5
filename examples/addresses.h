// Where a browser finds a server.

#ifndef WEFT_EXAMPLES_ADDRESSES_H_
#define WEFT_EXAMPLES_ADDRESSES_H_

#include <vector>

#include "absl/types/span.h"
#include "weft/transport/address.h"

namespace examples {

// The addresses of this machine's network interfaces, without those of one link only (fe80::...),
// which no URL can have. The port is 0. Empty if the system does not tell.
std::vector<weft::SocketAddress> InterfaceAddresses();

// The addresses at which `listening` can be reached: itself, or, for 0.0.0.0 and ::, a loopback
// address and then those of `interfaces`, with its port; 0.0.0.0 has no IPv6 ones.
std::vector<weft::SocketAddress> ReachableAt(const weft::SocketAddress& listening,
                                             absl::Span<const weft::SocketAddress> interfaces);

}  // namespace examples

#endif  // WEFT_EXAMPLES_ADDRESSES_H_
