// Errors that know the HTTP status to answer with.

#ifndef WEFT_CORE_HTTP_HTTP_STATUS_H_
#define WEFT_CORE_HTTP_HTTP_STATUS_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace weft {

// An error whose HTTP status is `http_status`, 300 to 599 (a server sends 500 instead of any other,
// and logs it), and whose code is the nearest that absl has (403:
// PermissionDenied). Where HttpStatusOf gives the code that status anyway, as it gives
// InvalidArgument 400, this is not needed.
absl::Status HttpError(int http_status, absl::string_view message);

// The HTTP status of an error made by HttpError. For every other error, what its code comes nearest
// to: InvalidArgument 400, Unauthenticated 401, PermissionDenied 403, NotFound 404,
// DeadlineExceeded 408, ResourceExhausted and Unavailable 503, Unimplemented 501, and 500 for the
// rest. 200 for Ok.
int HttpStatusOf(const absl::Status& status);

// What a server asks of clients that it has no room for, by Retry-After with 429 and 503 (RFC 9110,
// section 10.2.3): long enough to be of use, short enough that nobody gives up.
inline constexpr int kRetryAfterSeconds = 5;

// "Forbidden" for 403; empty for a status that is not among the common ones, which is legal on the
// wire (RFC 9112, section 4).
absl::string_view HttpReason(int http_status);

}  // namespace weft

#endif  // WEFT_CORE_HTTP_HTTP_STATUS_H_
