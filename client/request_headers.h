// What the options add to the request.

#ifndef WEFT_CLIENT_REQUEST_HEADERS_H_
#define WEFT_CLIENT_REQUEST_HEADERS_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "weft/client/client_options.h"

namespace weft {

// Who the client is (RFC 9110, section 10.1.5): "weft/VERSION", or what options.headers have as
// User-Agent. Empty: it does not say.
std::string UserAgent(const ClientOptions& options);

// options.headers, with a User-Agent, an Authorization and a Cookie header where the options say
// so. InvalidArgument, in words that show no secret, for credentials that cannot be sent, and where
// there would be two headers of which there may be one.
absl::StatusOr<std::vector<std::pair<std::string, std::string>>> RequestHeaders(
    const ClientOptions& options);

// What of that is for a server that may not know who asks: "weft/VERSION" as User-Agent, or nothing
// where options.headers have an empty one.
std::vector<std::pair<std::string, std::string>> AnonymousHeaders(const ClientOptions& options);

}  // namespace weft

#endif  // WEFT_CLIENT_REQUEST_HEADERS_H_
