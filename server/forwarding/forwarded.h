// The client of a request that has passed through proxies: Forwarded (RFC 7239) and X-Forwarded-*.

#ifndef WEFT_SERVER_FORWARDING_FORWARDED_H_
#define WEFT_SERVER_FORWARDING_FORWARDED_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "weft/core/http/http.h"
#include "weft/server/forwarding/network.h"
#include "weft/server/forwarding/proxy_options.h"
#include "weft/transport/address.h"

namespace weft {

// The statements of trusted proxies about a request.
struct RequestSource {
  // The client. Its port is 0 where the proxy does not say it.
  SocketAddress client{};

  // The host[:port] that the client asked for; empty if no proxy says one.
  std::string host{};

  // "http" or "https", as the client connected; empty if no proxy says it.
  absl::string_view scheme{};

  // Whether the sender is a trusted proxy, whose header fields were read.
  bool is_believed = false;
};

// The source of a request that `peer` has sent. Each proxy appends the address of its own peer, so
// the lists are read from their ends: as long as an address is trusted, so is the one before it,
// which it has appended. The first that is not trusted is the client, and what precedes it may be
// forged and is not even parsed, except in the same line of Forwarded. Where a proxy does not know
// its peer ("unknown", "_hidden"), the last known address is the client.
//
// Host and scheme are those of the element that names the client, or of the nearest one after it
// that has some. If `peer` is not trusted, the result is `peer` alone.
//
// InvalidArgument, which is 400 by HttpStatusOf, for an element that is read and is invalid, with
// the name of the field.
absl::StatusOr<RequestSource> FindSource(const HttpHeaders& headers, const SocketAddress& peer,
                                         const Networks& trusted, ForwardedBy header);

}  // namespace weft

#endif  // WEFT_SERVER_FORWARDING_FORWARDED_H_
