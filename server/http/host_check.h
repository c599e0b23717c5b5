// Which hosts a server answers for.

#ifndef WEFT_SERVER_HTTP_HOST_CHECK_H_
#define WEFT_SERVER_HTTP_HOST_CHECK_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace weft {

// A page of attacker.example reaches a server on its visitor's machine where the attacker's name
// service says that attacker.example is 127.0.0.1 (DNS rebinding). Its Origin then equals the Host,
// so that only the Host tells that it is not the server's own page.

// OK, or 421 (RFC 9110, section 15.5.20) where a server with ServerOptions::allowed_hosts of
// `allowed` does not answer for `host`: host[:port], or empty for a request that names none.
// `on_loopback` is whether the endpoint that the request came to has a loopback address.
absl::Status CheckHost(absl::string_view host, bool on_loopback,
                       absl::Span<const std::string> allowed);

// InvalidArgument for an entry of ServerOptions::allowed_hosts that no host can equal.
absl::Status CheckAllowedHosts(absl::Span<const std::string> allowed);

}  // namespace weft

#endif  // WEFT_SERVER_HTTP_HOST_CHECK_H_
