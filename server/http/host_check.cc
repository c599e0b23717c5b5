#include "weft/server/http/host_check.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "weft/core/http/authority.h"
#include "weft/core/http/http_status.h"
#include "weft/core/http/origin.h"
#include "weft/core/http/quote.h"
#include "weft/transport/address.h"
#include "weft/transport/loopback.h"

namespace weft {
namespace {

// Without brackets, and without the final dot of a fully qualified name.
absl::string_view NameIn(absl::string_view host) {
  const auto authority = ParseAuthority(host);
  return authority.ok() ? absl::StripSuffix(authority->host, ".") : "";
}

bool IsListed(absl::string_view name, absl::Span<const std::string> allowed) {
  return std::any_of(allowed.begin(), allowed.end(), [name](absl::string_view entry) {
    return entry == "*" || absl::EqualsIgnoreCase(NameIn(entry), name);
  });
}

}  // namespace

absl::Status CheckHost(absl::string_view host, bool on_loopback,
                       absl::Span<const std::string> allowed) {
  if (host.empty() || (allowed.empty() && !on_loopback)) return absl::OkStatus();
  const absl::string_view name = NameIn(host);
  if (allowed.empty() ? IsLoopbackHost(name) : IsListed(name, allowed)) return absl::OkStatus();
  return HttpError(421,
                   absl::StrCat("this server does not answer for the host ", Quote(host),
                                ": ServerOptions::http.allowed_hosts lists those it answers for",
                                allowed.empty() ? ", by default only loopback names" : ""));
}

bool IsAddressOrLoopback(absl::string_view host) {
  const absl::string_view name = NameIn(host);
  return IsLoopbackHost(name) || SocketAddress::FromIp(name, 0).ok();
}

absl::Status CheckAllowedHosts(absl::Span<const std::string> allowed) {
  for (const std::string& entry : allowed) {
    if (entry == "*") continue;
    const auto authority = ParseAuthority(entry);
    if (!authority.ok()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "allowed_hosts has ", Quote(entry), ", expected a host: ", authority.status().message()));
    }
    if (absl::EndsWith(entry, ":") || authority->port.has_value()) {
      return absl::InvalidArgumentError(
          absl::StrCat("allowed_hosts has ", Quote(entry), ", expected a host without a port"));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckAllowedOrigins(absl::Span<const std::string> allowed) {
  for (const std::string& entry : allowed) {
    if (IsOriginEntry(entry)) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("allowed_origins has ", Quote(entry),
                     ", expected scheme://host[:port] without a path, null or *"));
  }
  return absl::OkStatus();
}

}  // namespace weft
