#include "weft/client/connecting/no_proxy.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "weft/transport/address.h"

namespace weft {
namespace {

// An IP address in network order.
struct Ip {
  std::array<uint8_t, sizeof(in6_addr)> bytes{};
  int bits = 0;  // 32 or 128
};

std::optional<Ip> ParseIp(absl::string_view text) {
  // Also converts an IPv4-mapped IPv6 address to IPv4.
  const absl::StatusOr<SocketAddress> address = SocketAddress::FromIp(text, 0);
  if (!address.ok()) return std::nullopt;
  Ip ip = {.bits = address->family() == AF_INET ? 32 : 128};
  inet_pton(address->family(), address->ip().c_str(), ip.bytes.data());
  return ip;
}

// Whether the first `bits` are the same.
bool SharePrefix(const Ip& a, const Ip& b, int bits) {
  if (a.bits != b.bits) return false;
  for (int i = 0; i < bits; ++i) {
    const int mask = 0x80 >> (i % 8);
    if (((a.bytes[i / 8] ^ b.bytes[i / 8]) & mask) != 0) return false;
  }
  return true;
}

bool IsInNetwork(const Ip& ip, absl::string_view network) {
  const size_t slash = network.find('/');
  const std::optional<Ip> base = ParseIp(network.substr(0, slash));
  int bits;
  return base.has_value() && absl::SimpleAtoi(network.substr(slash + 1), &bits) && bits >= 0 &&
         bits <= base->bits && SharePrefix(ip, *base, bits);
}

bool IsInDomain(absl::string_view host, absl::string_view domain) {
  absl::ConsumePrefix(&domain, "*");
  absl::ConsumePrefix(&domain, ".");
  absl::ConsumeSuffix(&domain, ".");
  if (domain.empty() || !absl::ConsumeSuffix(&host, domain)) return false;
  return host.empty() || host.back() == '.';
}

// Removes ":port" from the end, if there is one. False if it is not `port`.
bool ConsumePort(absl::string_view* entry, uint16_t port) {
  const size_t colon = entry->rfind(':');
  // More than one colon without a bracket before the last: an IPv6 address.
  if (colon == entry->npos || (entry->find(':') != colon && (*entry)[colon - 1] != ']'))
    return true;
  int number;
  if (!absl::SimpleAtoi(entry->substr(colon + 1), &number) || number != port) return false;
  entry->remove_suffix(entry->size() - colon);
  return true;
}

bool Names(absl::string_view entry, absl::string_view host, const std::optional<Ip>& ip,
           uint16_t port) {
  if (entry == "*") return true;
  if (absl::StrContains(entry, '/')) return ip.has_value() && IsInNetwork(*ip, entry);
  if (!ConsumePort(&entry, port)) return false;
  if (!ip.has_value()) return IsInDomain(host, entry);
  absl::ConsumePrefix(&entry, "[");
  absl::ConsumeSuffix(&entry, "]");
  const std::optional<Ip> other = ParseIp(entry);
  return other.has_value() && SharePrefix(*ip, *other, ip->bits);
}

}  // namespace

bool NamedByNoProxy(absl::string_view list, absl::string_view host, uint16_t port) {
  const std::optional<Ip> ip = ParseIp(host);
  absl::ConsumeSuffix(&host, ".");
  const std::string entries = absl::AsciiStrToLower(list);
  for (const absl::string_view entry :
       absl::StrSplit(entries, absl::ByAnyChar(", \t\r\n"), absl::SkipEmpty())) {
    if (Names(entry, host, ip, port)) return true;
  }
  return false;
}

}  // namespace weft
