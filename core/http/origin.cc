#include "weft/core/http/origin.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "weft/core/http/authority.h"

namespace weft {
namespace {

// The port if none is written; no written port has this value.
constexpr uint16_t kNoPort = 0;

uint16_t DefaultPort(absl::string_view scheme) {
  if (absl::EqualsIgnoreCase(scheme, "http")) return 80;
  if (absl::EqualsIgnoreCase(scheme, "https")) return 443;
  return kNoPort;
}

struct Origin {
  absl::string_view scheme;
  absl::string_view host;
  uint16_t port;
};

// RFC 3986, section 3.1.
bool IsScheme(absl::string_view text) {
  return !text.empty() && absl::ascii_isalpha(text[0]) &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_isalnum(c) || c == '+' || c == '-' || c == '.';
         });
}

// scheme://host[:port] and nothing else. The host may be empty in "file://", and for every other
// scheme whose pages come from no server.
std::optional<Origin> ParseOrigin(absl::string_view text) {
  const size_t colon = text.find("://");
  if (colon == text.npos || !IsScheme(text.substr(0, colon))) return std::nullopt;
  const absl::string_view scheme = text.substr(0, colon), rest = text.substr(colon + 3);
  if (rest.empty() && DefaultPort(scheme) == kNoPort) return Origin{scheme, "", kNoPort};
  const auto authority = ParseAuthority(rest);
  if (!authority.ok()) return std::nullopt;
  return Origin{scheme, authority->host, authority->port.value_or(DefaultPort(scheme))};
}

}  // namespace

bool IsSameOrigin(absl::string_view origin, absl::string_view host) {
  const std::optional<Origin> page = ParseOrigin(origin);
  const auto server = ParseAuthority(host);
  // A page of another scheme did not come from here: its default port is never a server's.
  return page.has_value() && DefaultPort(page->scheme) != kNoPort && server.ok() &&
         absl::EqualsIgnoreCase(page->host, server->host) &&
         page->port == server->port.value_or(DefaultPort(page->scheme));
}

bool IsAllowedOrigin(absl::string_view origin, absl::Span<const std::string> allowed) {
  const std::optional<Origin> page = ParseOrigin(origin);
  return std::any_of(allowed.begin(), allowed.end(), [&](absl::string_view entry) {
    if (entry == "*" || entry == origin) return true;
    const std::optional<Origin> other = ParseOrigin(entry);
    return page.has_value() && other.has_value() && page->port == other->port &&
           absl::EqualsIgnoreCase(page->scheme, other->scheme) &&
           absl::EqualsIgnoreCase(page->host, other->host);
  });
}

bool IsOriginEntry(absl::string_view entry) {
  return entry == "*" || entry == "null" || ParseOrigin(entry).has_value();
}

}  // namespace weft
