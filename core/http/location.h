// The target of a redirect.

#ifndef WEFT_CORE_HTTP_LOCATION_H_
#define WEFT_CORE_HTTP_LOCATION_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "weft/core/http/url.h"

namespace weft {

// The URL that a Location header refers to in the response to a request for `base`: a URL, where
// http:// means ws:// and https:// means wss://, or a relative reference that `base` completes (RFC
// 9110, section 10.2.2; RFC 3986, section 5.2). A fragment is dropped. InvalidArgument if it is
// invalid, and for the path of a Unix socket, which a server must not choose.
absl::StatusOr<Url> ResolveLocation(const Url& base, absl::string_view location);

// Whether scheme, host, zone and port, or scheme and Unix socket, are the same (RFC 6454, section
// 5): only then may one receive the secrets meant for the other.
bool HaveSameOrigin(const Url& a, const Url& b);

}  // namespace weft

#endif  // WEFT_CORE_HTTP_LOCATION_H_
