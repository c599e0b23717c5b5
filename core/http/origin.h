// Whether a page of a given origin may open a WebSocket here (RFC 6455, section 10.2; RFC 6454).

#ifndef WEFT_CORE_HTTP_ORIGIN_H_
#define WEFT_CORE_HTTP_ORIGIN_H_

#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace weft {

// Browsers let any page connect to any server, with the visitor's cookies, and leave it to the
// server to check the Origin header. A page is allowed if it came from this server, or if its
// origin is listed.

// Whether the page came from `host`, a Host header: the same host, in any case, and the same port;
// a port that is not written is the default of the origin's scheme. The scheme must be http or
// https, and is not compared further: behind a proxy that terminates TLS the server does not know
// its own. Pages of applications (capacitor://localhost) come from no server, and "null", the
// origin of files and sandboxed frames, matches no host.
bool IsSameOrigin(absl::string_view origin, absl::string_view host);

// Whether the page's origin is in `allowed`: equal in scheme, host and port, in any case, with the
// scheme's default port written or not. "null" matches itself, "*" every origin. An entry with
// anything more, such as a trailing '/', matches no page.
bool IsAllowedOrigin(absl::string_view origin, absl::Span<const std::string> allowed);

// Whether an entry of such a list can match a page: "*", "null", scheme://host[:port] or, except
// for http and https, scheme://, such as the "file://" of WebViews.
bool IsOriginEntry(absl::string_view entry);

}  // namespace weft

#endif  // WEFT_CORE_HTTP_ORIGIN_H_
