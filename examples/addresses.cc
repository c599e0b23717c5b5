#include "examples/addresses.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "weft/transport/loopback.h"

namespace examples {
namespace {

weft::SocketAddress AddressOf(const sockaddr* address) {
  if (address == nullptr) return {};
  if (address->sa_family == AF_INET) {
    return weft::SocketAddress::FromSockaddr(address, sizeof(sockaddr_in));
  }
  if (address->sa_family == AF_INET6) {
    return weft::SocketAddress::FromSockaddr(address, sizeof(sockaddr_in6));
  }
  return {};
}

}  // namespace

std::vector<weft::SocketAddress> InterfaceAddresses() {
  std::vector<weft::SocketAddress> addresses;
  ifaddrs* all = nullptr;
  if (getifaddrs(&all) != 0) return addresses;
  for (const ifaddrs* each = all; each != nullptr; each = each->ifa_next) {
    weft::SocketAddress address = AddressOf(each->ifa_addr);
    if ((each->ifa_flags & IFF_UP) == 0 || !address.is_ip()) continue;
    if (weft::IsLoopbackHost(address.ip()) || absl::StrContains(address.ip(), '%')) continue;
    addresses.push_back(std::move(address));
  }
  freeifaddrs(all);
  return addresses;
}

std::vector<weft::SocketAddress> ReachableAt(const weft::SocketAddress& listening,
                                             absl::Span<const weft::SocketAddress> interfaces) {
  const std::string ip = listening.ip();
  if (ip != "0.0.0.0" && ip != "::") return {listening};
  std::vector<std::string> ips = {"127.0.0.1"};
  for (const weft::SocketAddress& each : interfaces) {
    if (ip == "::" || each.family() == AF_INET) ips.push_back(each.ip());
  }
  std::vector<weft::SocketAddress> reachable;
  for (const std::string& each : ips) {
    absl::StatusOr<weft::SocketAddress> address =
        weft::SocketAddress::FromIp(each, listening.port());
    if (address.ok()) reachable.push_back(*std::move(address));
  }
  return reachable;
}

}  // namespace examples
