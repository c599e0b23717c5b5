// The host and the resource that a request asks for (RFC 9112, sections 3.2 and 3.3).

#ifndef WEFT_CORE_HTTP_REQUEST_TARGET_H_
#define WEFT_CORE_HTTP_REQUEST_TARGET_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "weft/core/http/http.h"

namespace weft {

struct RequestTarget {
  // host[:port], as written: of the target if that is a URL, otherwise of the header Host. A view
  // into the request's head. Empty only if a request of HTTP/1.0 names no host.
  absl::string_view host;

  // The path and the query, as written: begins with '/', or is "*" with the method OPTIONS.
  std::string path;
};

// Reads the target and the header Host of a request for a page or an upgrade. A target that is a
// URL (http, https, ws or wss) may lack the path, and takes precedence over Host (section 3.2.2).
//
// InvalidArgument, which is 400 by HttpStatusOf, says what was seen: more than one Host, none in
// HTTP/1.1, one that is not host[:port], or a target of another form.
absl::StatusOr<RequestTarget> ParseRequestTarget(const HttpRequest& request);

}  // namespace weft

#endif  // WEFT_CORE_HTTP_REQUEST_TARGET_H_
