// Redirects (RFC 9110, section 15.4).

#ifndef WEFT_CLIENT_CONNECTING_REDIRECT_H_
#define WEFT_CLIENT_CONNECTING_REDIRECT_H_

#include "absl/status/statusor.h"
#include "weft/core/http/http_refusal.h"
#include "weft/core/http/url.h"

namespace weft {

// 301, 302, 303, 307 and 308: they are the same for a client that sends only GET.
bool IsRedirect(int http_status);

// The target of a redirect in the response to a request for `asked`. An error says why it must not
// be followed: it has no valid target, or leads from TLS to plain text (R22).
absl::StatusOr<Url> RedirectTarget(const Url& asked, const HttpRefusal& redirect);

}  // namespace weft

#endif  // WEFT_CLIENT_CONNECTING_REDIRECT_H_
