// Answers that send a client somewhere else (RFC 9110, section 15.4).

#ifndef WEFT_CLIENT_REDIRECT_H_
#define WEFT_CLIENT_REDIRECT_H_

#include "absl/status/statusor.h"
#include "weft/core/http/http_refusal.h"
#include "weft/core/http/url.h"

namespace weft {

// 301, 302, 303, 307 and 308: the same to a client that sends nothing but GET.
bool IsRedirect(int http_status);

// Where a redirect that answers a request for `asked` leads. An error says why it is not to be
// followed: it leads nowhere, or from TLS to where everybody can listen (R22).
absl::StatusOr<Url> RedirectTarget(const Url& asked, const HttpRefusal& redirect);

}  // namespace weft

#endif  // WEFT_CLIENT_REDIRECT_H_
