// The hosts that a server answers for.

#ifndef WEFT_SERVER_HTTP_HOST_CHECK_H_
#define WEFT_SERVER_HTTP_HOST_CHECK_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace weft {

// A page of attacker.example can reach a server on its visitor's machine if the attacker's name
// service resolves attacker.example to 127.0.0.1 (DNS rebinding). Its Origin then equals the Host,
// so only the Host shows that it is not the server's own page.

// OK, or 421 (RFC 9110, section 15.5.20) if a server with ServerHttp::allowed_hosts of `allowed`
// does not answer for `host`: host[:port], or empty for a request without a host. `on_loopback` is
// whether the request's endpoint has a loopback address.
absl::Status CheckHost(absl::string_view host, bool on_loopback,
                       absl::Span<const std::string> allowed);

// Whether `host`, host[:port], is an IP address or a loopback name: the name service of an attacker
// cannot make it lead elsewhere.
bool IsAddressOrLoopback(absl::string_view host);

// InvalidArgument for an entry of ServerHttp::allowed_hosts that no host can equal.
absl::Status CheckAllowedHosts(absl::Span<const std::string> allowed);

// InvalidArgument for an entry of ServerHttp::allowed_origins that no page's origin can equal.
absl::Status CheckAllowedOrigins(absl::Span<const std::string> allowed);

}  // namespace weft

#endif  // WEFT_SERVER_HTTP_HOST_CHECK_H_
