#include "weft/client/connecting/route.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "weft/client/connecting/proxy_choice.h"
#include "weft/core/http/authority.h"

namespace weft {
namespace {

// The URL with the address to connect to.
absl::StatusOr<Url> AddressOf(Url url, absl::string_view connect_to) {
  if (connect_to.empty()) return url;
  const absl::StatusOr<Authority> address = ParseAuthority(connect_to);
  if (!address.ok()) return address.status();
  if (!url.unix_path.empty()) {
    return absl::InvalidArgumentError("connect_to is set, but the URL is that of a Unix socket");
  }
  url.host = absl::AsciiStrToLower(address->host);
  url.port = address->port.value_or(url.port);
  url.zone.clear();
  return url;
}

}  // namespace

std::string Route::host() const {
  if (proxy.has_value()) return proxy->host;
  return server.zone.empty() ? server.host : absl::StrCat(server.host, "%", server.zone);
}

absl::StatusOr<Route> ChooseRoute(const Url& url, absl::string_view connect_to,
                                  absl::string_view proxy,
                                  absl::FunctionRef<const char*(const char*)> get_env) {
  absl::StatusOr<Url> server = AddressOf(url, connect_to);
  if (!server.ok()) return server.status();
  absl::StatusOr<std::optional<Proxy>> chosen = ChooseProxy(*server, proxy, get_env);
  if (!chosen.ok()) return chosen.status();
  return Route{*std::move(server), *std::move(chosen)};
}

}  // namespace weft
