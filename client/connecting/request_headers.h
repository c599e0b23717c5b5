// The request headers that come from the options.

#ifndef WEFT_CLIENT_CONNECTING_REQUEST_HEADERS_H_
#define WEFT_CLIENT_CONNECTING_REQUEST_HEADERS_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "weft/client/connecting/client_options.h"

namespace weft {

// The client's User-Agent (RFC 9110, section 10.1.5): "weft/VERSION", or the one in
// options.request.headers. Empty: none.
std::string UserAgent(const ClientOptions& options);

// options.request.headers, with User-Agent, Authorization and Cookie headers from the options.
// InvalidArgument, whose message contains no secret, for credentials that cannot be sent, and for a
// second header where only one is allowed.
absl::StatusOr<std::vector<std::pair<std::string, std::string>>> RequestHeaders(
    const ClientOptions& options);

// The part of them for a server that must not learn the client's identity: "weft/VERSION" as
// User-Agent, or nothing if options.request.headers have an empty one.
std::vector<std::pair<std::string, std::string>> AnonymousHeaders(const ClientOptions& options);

}  // namespace weft

#endif  // WEFT_CLIENT_CONNECTING_REQUEST_HEADERS_H_
