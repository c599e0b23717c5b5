// Where a redirect leads.

#ifndef WEFT_CORE_HTTP_LOCATION_H_
#define WEFT_CORE_HTTP_LOCATION_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "weft/core/http/url.h"

namespace weft {

// The URL that a Location header names in the answer to a request for `base`: a URL, where http://
// stands for ws:// and https:// for wss://, or a part of one that `base` completes (RFC 9110,
// section 10.2.2; RFC 3986, section 5.2). A fragment is dropped. InvalidArgument for what is none,
// and for the path of a Unix socket, which nobody else may choose.
absl::StatusOr<Url> ResolveLocation(const Url& base, absl::string_view location);

// Whether scheme, host, zone and port, or scheme and Unix socket, are the same (RFC 6454, section
// 5): who may know a secret that is meant for the other.
bool HaveSameOrigin(const Url& a, const Url& b);

}  // namespace weft

#endif  // WEFT_CORE_HTTP_LOCATION_H_
