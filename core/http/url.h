// ws:// and wss:// URLs (RFC 6455, section 3), and their like for Unix sockets.

#ifndef WEFT_CORE_HTTP_URL_H_
#define WEFT_CORE_HTTP_URL_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "weft/cxx20.h"

namespace weft {

// Where a WebSocket is: whom to connect to, and what to ask for there.
//
//   absl::StatusOr<Url> url = ParseUrl("wss://example.com/chat?room=1");
//   if (!url.ok()) return url.status();
//   Connect(url->host, url->port);                      // "example.com", 443
//   ... "GET " << url->resource ... "Host: " << HostHeader(*url)
//
// "ws+unix:///run/chat.sock:/chat?room=1" asks for "/chat?room=1" at the Unix socket
// "/run/chat.sock". Nobody has standardised that; others write it so too.
struct Url {
  bool secure = false;         // wss: TLS
  std::string host;            // in lower case; an IPv6 address, without brackets, if it has a ':'
  std::string zone{};          // of an IPv6 address: the network interface to connect by
  uint16_t port = 80;          // the scheme's own, 80 or 443, when the URL has none
  std::string resource = "/";  // path and query, as the request line has them
  std::string unix_path{};     // if any: what to connect to instead; `host` is "localhost" then

  friend bool operator==(const Url&, const Url&) = default;
};

// Reads a URL. Scheme and host may be in upper or lower case. InvalidArgument, with the part that
// is wrong, for: another scheme; no host; a port that is none; a user name or password, which no
// WebSocket request carries (an Authorization header does); a fragment, which section 3 forbids;
// spaces, controls and bytes that are not ASCII, which a URL has only %-encoded. What stands after
// the host is not decoded or changed.
//
// A link-local IPv6 address is of one of this machine's networks: "ws://[fe80::1%25eth0]/" names
// its interface (RFC 6874), by letters, digits, '-', '.', '_' and '~'.
//
// The path of a Unix socket is absolute, and is decoded: ':', '?', '#' and '%' in it are written
// %3A, %3F, %23 and %25. Behind a ':' follows the resource; without it, "/".
absl::StatusOr<Url> ParseUrl(absl::string_view url);

// The URL that ParseUrl() reads as `url`.
std::string UrlText(const Url& url);

// The value of the Host header: an IPv6 address in brackets, the port only where it is not the
// scheme's own (section 4.1). Without the zone, which means nothing to the server (RFC 6874,
// section 4).
std::string HostHeader(const Url& url);

}  // namespace weft

#endif  // WEFT_CORE_HTTP_URL_H_
