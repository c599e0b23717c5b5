// ws:// and wss:// URLs (RFC 6455, section 3), and their counterparts for Unix sockets.

#ifndef WEFT_CORE_HTTP_URL_H_
#define WEFT_CORE_HTTP_URL_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "weft/cxx20.h"

namespace weft {

// The address of a WebSocket: the host to connect to, and the resource to request.
//
//   absl::StatusOr<Url> url = ParseUrl("wss://example.com/chat?room=1");
//   if (!url.ok()) return url.status();
//   Connect(url->host, url->port);                      // "example.com", 443
//   ... "GET " << url->resource ... "Host: " << HostHeader(*url)
//
// "ws+unix:///run/chat.sock:/chat?room=1" requests "/chat?room=1" at the Unix socket
// "/run/chat.sock". This form is not a standard; other libraries use it too.
struct Url {
  bool secure = false;         // wss: TLS
  std::string host;            // in lower case; an IPv6 address, without brackets, if it has a ':'
  std::string zone{};          // of an IPv6 address: the network interface to connect by
  uint16_t port = 80;          // the scheme's default, 80 or 443, if the URL has none
  std::string resource = "/";  // path and query, as in the request line
  std::string unix_path{};     // if not empty, connect to this instead; `host` is then "localhost"

  friend bool operator==(const Url&, const Url&) = default;
};

// Parses a URL. Scheme and host may be in upper or lower case. InvalidArgument, with the offending
// part, for: another scheme; no host; an invalid port; a user name or password, which a WebSocket
// request cannot carry (an Authorization header can); a fragment, which section 3 forbids; spaces,
// controls and bytes that are not ASCII, which must be %-encoded in a URL. The part after the host
// is not decoded or changed.
//
// A link-local IPv6 address belongs to one of this machine's networks: "ws://[fe80::1%25eth0]/"
// names its interface (RFC 6874), in letters, digits, '-', '.', '_' and '~'.
//
// The path of a Unix socket is absolute, and is decoded: ':', '?', '#' and '%' in it are written
// %3A, %3F, %23 and %25. The resource follows after a ':'; without it, it is "/".
absl::StatusOr<Url> ParseUrl(absl::string_view url);

// The URL that ParseUrl() reads as `url`.
std::string UrlText(const Url& url);

// The value of the Host header: an IPv6 address in brackets, the port only if it is not the
// scheme's default (section 4.1). Without the zone, which means nothing to the server (RFC 6874,
// section 4).
std::string HostHeader(const Url& url);

}  // namespace weft

#endif  // WEFT_CORE_HTTP_URL_H_
