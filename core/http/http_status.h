// Errors that carry the HTTP status of the response.

#ifndef WEFT_CORE_HTTP_HTTP_STATUS_H_
#define WEFT_CORE_HTTP_HTTP_STATUS_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace weft {

// An error whose HTTP status is `http_status`, 300 to 599 (for any other, a server sends 500 and
// logs it), and whose code is the nearest absl has (403: PermissionDenied). Not needed if
// HttpStatusOf maps the code to that status anyway, as it maps InvalidArgument to 400.
absl::Status HttpError(int http_status, absl::string_view message);

// The HTTP status of an error made by HttpError. For every other error, the nearest to its code:
// InvalidArgument 400, Unauthenticated 401, PermissionDenied 403, NotFound 404, DeadlineExceeded
// 408, ResourceExhausted and Unavailable 503, Unimplemented 501, and 500 for the rest. 200 for Ok.
int HttpStatusOf(const absl::Status& status);

// The Retry-After, in seconds, that a server sends with 429 and 503 to clients for which it has no
// capacity (RFC 9110, section 10.2.3): long enough to help, short enough that clients do not give
// up.
inline constexpr int kRetryAfterSeconds = 5;

// "Forbidden" for 403; empty for an uncommon status, which is allowed on the wire (RFC 9112,
// section 4).
absl::string_view HttpReason(int http_status);

}  // namespace weft

#endif  // WEFT_CORE_HTTP_HTTP_STATUS_H_
