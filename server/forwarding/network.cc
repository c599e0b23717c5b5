#include "weft/server/forwarding/network.h"

#include <sys/socket.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "weft/core/http/decimal.h"
#include "weft/core/http/quote.h"

namespace weft {
namespace {

using Bytes = std::array<uint8_t, 16>;

Bytes PrefixOf(Bytes bytes, int bits) {
  for (int bit = bits; bit < 128; ++bit) bytes[bit / 8] &= static_cast<uint8_t>(~(0x80 >> bit % 8));
  return bytes;
}

absl::Status Error(absl::string_view text, absl::string_view why) {
  return absl::InvalidArgumentError(
      absl::StrCat(Quote(text), " is not a network such as 10.0.0.0/8: ", why));
}

}  // namespace

absl::StatusOr<Network> Network::Parse(absl::string_view text) {
  Network network;
  if (text == "unix:") {
    network.family_ = AF_UNIX;
    return network;
  }
  const size_t slash = text.find('/');
  const absl::string_view ip = text.substr(0, slash);
  const absl::StatusOr<SocketAddress> address = SocketAddress::FromIp(ip, 0);
  if (!address.ok()) return Error(text, absl::StrCat(Quote(ip), " is not an IP address"));
  network.family_ = address->family();
  network.prefix_ = address->ip_bytes();
  const int most = network.family_ == AF_INET6 ? 128 : 32;
  network.bits_ = most;
  if (slash == text.npos) return network;

  const absl::string_view length = text.substr(slash + 1);
  if (network.family_ == AF_INET && absl::StrContains(ip, ':')) {
    return Error(text, "write an IPv4-mapped network as one of IPv4");
  }
  const std::optional<uint64_t> bits = ParseDecimal(length, most);
  if (!bits.has_value()) {
    return Error(text, absl::StrCat("the length ", Quote(length), " is not 0 to ", most));
  }
  network.bits_ = static_cast<int>(*bits);
  if (PrefixOf(network.prefix_, network.bits_) != network.prefix_) {
    return Error(text, absl::StrCat("the address has bits after the first ", *bits));
  }
  return network;
}

bool Network::Contains(const SocketAddress& address) const {
  if (address.family() != family_) return false;
  return family_ == AF_UNIX || SharePrefix(address.ip_bytes(), prefix_, bits_);
}

absl::StatusOr<Networks> Networks::Parse(absl::Span<const std::string> entries) {
  Networks networks;
  for (const std::string& entry : entries) {
    absl::StatusOr<Network> network = Network::Parse(entry);
    if (!network.ok()) return network.status();
    networks.networks_.push_back(*network);
  }
  return networks;
}

bool Networks::Contains(const SocketAddress& address) const {
  return std::any_of(networks_.begin(), networks_.end(),
                     [&](const Network& network) { return network.Contains(address); });
}

}  // namespace weft
