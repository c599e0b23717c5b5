// The header of the PROXY protocol, by which a proxy that passes bytes on says whose they are: one
// line (version 1) or a binary header (version 2) before the first byte of the client, also before
// TLS. https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt

#ifndef WEFT_SERVER_FORWARDING_PROXY_HEADER_H_
#define WEFT_SERVER_FORWARDING_PROXY_HEADER_H_

#include <cstddef>
#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "weft/transport/address.h"

namespace weft {

// The largest header that is accepted, in bytes. One of version 1 has at most 107; one of version 2
// has 16, up to 216 of addresses, and extensions of some hundred bytes.
inline constexpr size_t kMaxProxyHeader = 4096;

struct ProxyHeader {
  enum class Kind : uint8_t {
    kIncomplete,  // the bytes are, so far, those of a header
    kAbsent,      // they are not
    kComplete,
  };

  Kind kind = Kind::kIncomplete;
  size_t size = 0;  // of a complete header, in bytes

  // Of a complete header: the client of the proxy. No address if this is a connection of the
  // proxy's own, such as a health check (LOCAL), or if the client has no IP address (UNKNOWN,
  // UNSPEC, a Unix socket): the address of the socket is then the only one known.
  SocketAddress client{};
};

// Parses the start of a connection: `in` is everything received so far. An error says which part of
// the header is wrong. The extensions (TLV) of version 2 are skipped.
absl::StatusOr<ProxyHeader> ParseProxyHeader(absl::string_view in);

// Whether a connection begins with a header, complete or not, of the PROXY protocol.
bool BeginsWithProxyHeader(absl::string_view in);

}  // namespace weft

#endif  // WEFT_SERVER_FORWARDING_PROXY_HEADER_H_
