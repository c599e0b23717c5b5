// Connects through an HTTP proxy (RFC 9110, section 9.3.6).

#ifndef WEFT_CLIENT_HTTP_CONNECT_H_
#define WEFT_CLIENT_HTTP_CONNECT_H_

#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "weft/client/blocking_stream.h"
#include "weft/client/connecting/client_options.h"
#include "weft/core/http/basic_auth.h"

namespace weft {

// Asks the proxy at the other end of `stream` to connect to `host` and `port`. On success the
// stream is connected to them. Errors describe the proxy's answer, such as "it answered HTTP 403
// Forbidden", with that as HttpStatusOf().
absl::Status HttpConnect(BlockingStream& stream, absl::string_view host, uint16_t port,
                         const std::optional<BasicCredentials>& credentials,
                         const ClientOptions& options);

}  // namespace weft

#endif  // WEFT_CLIENT_HTTP_CONNECT_H_
