// What the options add to the request.

#ifndef WEFT_CLIENT_REQUEST_HEADERS_H_
#define WEFT_CLIENT_REQUEST_HEADERS_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "weft/client/client_options.h"

namespace weft {

// options.headers, with an Authorization header and a Cookie header where the options say so.
// InvalidArgument, in words that show no secret, for credentials that cannot be sent, and where
// there would be two headers of which there may be one.
absl::StatusOr<std::vector<std::pair<std::string, std::string>>> RequestHeaders(
    const ClientOptions& options);

}  // namespace weft

#endif  // WEFT_CLIENT_REQUEST_HEADERS_H_
