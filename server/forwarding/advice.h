// Refusals of requests that a proxy has changed, or that have a header of a proxy which is not
// expected. Each names the cause, and what to configure. They are sent to the client and logged.
//
// Whoever reads them may be an attacker, or believe one: that a peer should be trusted is proposed
// only if the operator knows it as a proxy, and never for a client that a trusted proxy has named.

#ifndef WEFT_SERVER_FORWARDING_ADVICE_H_
#define WEFT_SERVER_FORWARDING_ADVICE_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "weft/core/http/http.h"
#include "weft/server/forwarding/forwarded.h"
#include "weft/server/forwarding/proxy_options.h"
#include "weft/transport/address.h"

namespace weft {

// The kinds of clients.
enum class Sender : uint8_t {
  kTrusted,   // a trusted proxy
  kNamed,     // a client that a trusted proxy has named
  kStranger,  // any other: a client, or a proxy that is not trusted
};

// 400: a connection of `peer` has a header of the PROXY protocol, but none is expected: from a
// trusted peer with ProxyProtocol::kOff, from a stranger, or after another one.
absl::Status UnexpectedProxyHeader(const SocketAddress& peer, Sender sender,
                                   ProxyProtocol protocol);

// 400: ProxyProtocol::kRequired, and it has none.
absl::Status MissingProxyHeader(const SocketAddress& peer);

// 429: the address of `peer` has ServerLimits::max_connections_per_address.
absl::Status AddressIsFull(const SocketAddress& peer, Sender sender);

// 426 if a request has lost the fields of an upgrade on its way, as in a proxy that is not
// configured for WebSockets; otherwise OK. Only a client that asks for a WebSocket sends a
// Sec-WebSocket-Key.
absl::Status CheckForLostUpgrade(const HttpRequest& request);

// Why a page of `origin` may not connect to `host`, if a proxy is the cause, and what to do: a part
// of a sentence. `source` is that of the request with these `headers`, `sender` is the kind of
// `source.client`, and `header` is the option.
std::string OriginAdvice(absl::string_view origin, absl::string_view host,
                         const HttpHeaders& headers, const RequestSource& source, Sender sender,
                         ForwardedBy header);

}  // namespace weft

#endif  // WEFT_SERVER_FORWARDING_ADVICE_H_
