// Bearer authentication: a token in a header (RFC 6750, section 2.1).

#ifndef WEFT_CORE_HTTP_BEARER_AUTH_H_
#define WEFT_CORE_HTTP_BEARER_AUTH_H_

#include <optional>

#include "absl/strings/string_view.h"
#include "weft/core/http/http.h"

namespace weft {

// Whether `text` may be sent as a token: letters, digits and "-._~+/", at least one of them, and
// then any number of '='.
bool IsBearerToken(absl::string_view text);

// The token of "Authorization: Bearer TOKEN", as sent. The scheme is compared without regard to
// case. None if the header is missing, occurs more than once, has another scheme, or has a token of
// another form. A view into the head.
//
// Compare it with a secret by ConstantTimeEqual (core/http/constant_time.h).
std::optional<absl::string_view> BearerToken(const HttpHeaders& headers);

}  // namespace weft

#endif  // WEFT_CORE_HTTP_BEARER_AUTH_H_
