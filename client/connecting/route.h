// Where to connect to for a URL.

#ifndef WEFT_CLIENT_CONNECTING_ROUTE_H_
#define WEFT_CLIENT_CONNECTING_ROUTE_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "weft/client/connecting/proxy.h"
#include "weft/core/http/url.h"

namespace weft {

struct Route {
  // The server as its peer names it: the URL's, or ClientOptions::connect_to. A proxy is asked to
  // connect to it.
  Url server;
  std::optional<Proxy> proxy;

  // The name or numeric address to connect to, with the zone of an IPv6 address, and the port: the
  // proxy's, or the server's. Not for a Unix socket (server.unix_path).
  std::string host() const;
  uint16_t port() const { return proxy.has_value() ? proxy->port : server.port; }
};

// The route to `url`. `connect_to` is ClientOptions::connect_to if it applies to this server, and
// empty otherwise; `proxy` is ClientOptions::proxy. `get_env` is getenv(), or a test's replacement.
absl::StatusOr<Route> ChooseRoute(const Url& url, absl::string_view connect_to,
                                  absl::string_view proxy,
                                  absl::FunctionRef<const char*(const char*)> get_env);

}  // namespace weft

#endif  // WEFT_CLIENT_CONNECTING_ROUTE_H_
