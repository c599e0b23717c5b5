// May a page of this origin open a WebSocket here? (RFC 6455, section 10.2; RFC 6454)

#ifndef WEFT_CORE_HTTP_ORIGIN_H_
#define WEFT_CORE_HTTP_ORIGIN_H_

#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace weft {

// Browsers let any page connect to any server, with the visitor's cookies, and leave it to the
// server to look at the Origin header. A page is let in when it came from this server itself, or
// when its origin is listed.

// Whether the page came from `host`, a Host header: the same host, in any case, and the same port,
// where the one that is not written is that of the origin's scheme. The scheme is http or https,
// and not compared further: behind a proxy that ends TLS the server does not know its own. Pages of
// applications (capacitor://localhost) come from no server, and "null", the origin of files and
// sandboxed frames, is nobody's.
bool IsSameOrigin(absl::string_view origin, absl::string_view host);

// Whether the page's origin is in `allowed`: equal in scheme, host and port, in any case, the
// scheme's own port written or not. "null" stands for itself, "*" for every origin. An entry with
// more than that, such as a '/' at its end, allows no page.
bool IsAllowedOrigin(absl::string_view origin, absl::Span<const std::string> allowed);

}  // namespace weft

#endif  // WEFT_CORE_HTTP_ORIGIN_H_
