#include "weft/client/connecting/no_proxy.h"

#include <sys/socket.h>

#include <cstddef>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "weft/core/http/decimal.h"
#include "weft/transport/address.h"

namespace weft {
namespace {

bool IsInNetwork(const SocketAddress& ip, absl::string_view network) {
  const size_t slash = network.find('/');
  const absl::StatusOr<SocketAddress> base = SocketAddress::FromIp(network.substr(0, slash), 0);
  const std::optional<uint64_t> bits =
      ParseDecimal(network.substr(slash + 1), ip.family() == AF_INET ? 32 : 128);
  return base.ok() && base->family() == ip.family() && bits.has_value() &&
         SharePrefix(ip.ip_bytes(), base->ip_bytes(), static_cast<int>(*bits));
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
  if (ParseDecimal(entry->substr(colon + 1), 65535) != port) return false;
  entry->remove_suffix(entry->size() - colon);
  return true;
}

bool Names(absl::string_view entry, absl::string_view host, const absl::StatusOr<SocketAddress>& ip,
           uint16_t port) {
  if (entry == "*") return true;
  if (absl::StrContains(entry, '/')) return ip.ok() && IsInNetwork(*ip, entry);
  if (!ConsumePort(&entry, port)) return false;
  if (!ip.ok()) return IsInDomain(host, entry);
  absl::ConsumePrefix(&entry, "[");
  absl::ConsumeSuffix(&entry, "]");
  const absl::StatusOr<SocketAddress> other = SocketAddress::FromIp(entry, 0);
  return other.ok() && *other == *ip;
}

}  // namespace

bool NamedByNoProxy(absl::string_view list, absl::string_view host, uint16_t port) {
  // An IPv4-mapped IPv6 address is the IPv4 address.
  const absl::StatusOr<SocketAddress> ip = SocketAddress::FromIp(host, 0);
  absl::ConsumeSuffix(&host, ".");
  const std::string entries = absl::AsciiStrToLower(list);
  for (const absl::string_view entry :
       absl::StrSplit(entries, absl::ByAnyChar(", \t\r\n"), absl::SkipEmpty())) {
    if (Names(entry, host, ip, port)) return true;
  }
  return false;
}

}  // namespace weft
