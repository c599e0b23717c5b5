// The options of a server behind proxies.

#ifndef WEFT_SERVER_FORWARDING_PROXY_OPTIONS_H_
#define WEFT_SERVER_FORWARDING_PROXY_OPTIONS_H_

#include <cstdint>
#include <string>
#include <vector>

namespace weft {

// Whether connections begin with a header of the PROXY protocol.
enum class ProxyProtocol : uint8_t {
  kOff,       // none does
  kOptional,  // those of trusted networks may
  kRequired,  // those of trusted networks must; others are direct, and must not
};

// The header fields by which proxies say whose request they pass on. Only one kind is read, because
// a proxy that sets one kind usually passes the other on as the client has sent it.
enum class ForwardedBy : uint8_t {
  kXForwarded,  // X-Forwarded-For, X-Forwarded-Host, X-Forwarded-Proto
  kForwarded,   // Forwarded (RFC 7239)
};

// ServerOptions::proxies. docs/howto/proxies.md has a configuration for each common proxy.
struct ServerProxies {
  // The networks of the proxies in front: "10.0.0.5", "10.0.1.0/28", "2001:db8::/64", "unix:" for
  // peers of a Unix socket. Empty: no peer is believed about another address. List the proxies
  // alone: nobody else may be able to connect from these networks, to this server or to one of the
  // proxies, because whoever does is believed as well. The client of a request is the first
  // address, from the end of the list in its header fields, that is not in these networks.
  //
  // Of several proxies in a row either all must append to X-Forwarded-Host and X-Forwarded-Proto,
  // or the outermost must set them and the others pass them on. Otherwise the elements at the
  // client's place can be those that the client has sent.
  //
  // Connections of these networks do not count in ServerLimits::max_connections_per_address: a
  // client does, when the proxy protocol has named it, and otherwise when its upgrade is requested.
  std::vector<std::string> trusted_networks{};

  // For connections of trusted networks. kRequired is the safe choice where all proxies send the
  // header: with kOptional, the clients of a proxy that does not can send one themselves.
  ProxyProtocol protocol = ProxyProtocol::kOff;

  // For requests of trusted networks.
  ForwardedBy header = ForwardedBy::kXForwarded;
};

}  // namespace weft

#endif  // WEFT_SERVER_FORWARDING_PROXY_OPTIONS_H_
