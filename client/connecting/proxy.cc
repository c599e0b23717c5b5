#include "weft/client/connecting/proxy.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "weft/core/http/authority.h"
#include "weft/core/http/percent.h"
#include "weft/core/http/quote.h"

namespace weft {
namespace {

// Removes the scheme from the front. If there is none, the text before a "://" may be part of a
// password.
absl::Status ConsumeScheme(absl::string_view* text, Proxy* proxy) {
  const size_t end = text->find("://");
  const absl::string_view scheme = text->substr(0, end);
  if (end == text->npos || !std::all_of(scheme.begin(), scheme.end(), absl::ascii_isalnum)) {
    return absl::OkStatus();
  }
  const auto is = [scheme](absl::string_view name) { return absl::EqualsIgnoreCase(scheme, name); };
  if (is("http") || is("https")) {
    *proxy = {.kind = Proxy::Kind::kHttp, .tls = is("https")};
  } else if (is("socks5") || is("socks5h") || is("socks") || is("socks5s")) {
    *proxy = {.kind = Proxy::Kind::kSocks5, .tls = is("socks5s")};
  } else if (is("socks4") || is("socks4a")) {
    return absl::InvalidArgumentError(
        absl::StrCat("the proxy's scheme ", Quote(scheme),
                     " is not supported: the only version of SOCKS is socks5"));
  } else {
    return absl::InvalidArgumentError(absl::StrCat(
        "the proxy's scheme ", Quote(scheme), " is not http, https, socks5, socks5h or socks5s"));
  }
  text->remove_prefix(end + 3);
  return absl::OkStatus();
}

absl::StatusOr<BasicCredentials> ParseCredentials(absl::string_view text) {
  const size_t colon = std::min(text.find(':'), text.size());
  absl::StatusOr<std::string> user = PercentDecode(text.substr(0, colon));
  absl::StatusOr<std::string> password =
      PercentDecode(text.substr(std::min(colon + 1, text.size())));
  if (!user.ok() || !password.ok()) {
    return absl::InvalidArgumentError(
        "in the proxy's user name or password a '%' is not followed by two hexadecimal digits "
        "behind it");
  }
  return BasicCredentials{*std::move(user), *std::move(password)};
}

}  // namespace

std::string Proxy::ToString() const {
  return absl::StrCat(kind == Kind::kHttp ? "http" : "socks5", tls ? "s://" : "://",
                      AuthorityText(host, port));
}

absl::StatusOr<Proxy> ParseProxy(absl::string_view text) {
  Proxy proxy;
  if (absl::Status status = ConsumeScheme(&text, &proxy); !status.ok()) return status;

  // The last '@': a password may contain an unencoded one, a host may not.
  if (const size_t at = text.rfind('@'); at != text.npos) {
    absl::StatusOr<BasicCredentials> credentials = ParseCredentials(text.substr(0, at));
    if (!credentials.ok()) return credentials.status();
    proxy.credentials = *std::move(credentials);
    text.remove_prefix(at + 1);
  }
  absl::ConsumeSuffix(&text, "/");
  const absl::StatusOr<Authority> authority = ParseAuthority(text);
  if (!authority.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("in the proxy's URL ", authority.status().message()));
  }
  proxy.host = absl::AsciiStrToLower(authority->host);
  const uint16_t of_http = proxy.tls ? 443 : 80;
  proxy.port = authority->port.value_or(proxy.kind == Proxy::Kind::kHttp ? of_http : 1080);
  return proxy;
}

}  // namespace weft
