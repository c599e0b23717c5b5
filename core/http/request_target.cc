#include "weft/core/http/request_target.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "weft/core/http/authority.h"
#include "weft/core/http/quote.h"

namespace weft {
namespace {

// The part after "http://" and the like; none if the target is not such a URL.
std::optional<absl::string_view> AfterScheme(absl::string_view target) {
  if (absl::StartsWith(target, "/")) return std::nullopt;  // as nearly always
  for (const absl::string_view scheme : {"http://", "https://", "ws://", "wss://"}) {
    if (absl::StartsWithIgnoreCase(target, scheme)) return target.substr(scheme.size());
  }
  return std::nullopt;
}

// At most one, and in HTTP/1.1 exactly one: section 3.2.
absl::Status CheckCount(const HttpRequest& request) {
  const size_t count = request.headers.Count("Host");
  if (count == 0 && request.version >= 11) {
    return absl::InvalidArgumentError("the header Host is missing");
  }
  if (count < 2) return absl::OkStatus();
  std::vector<std::string> hosts;
  for (const HttpHeader& header : request.headers) {
    if (header.IsNamed("Host")) hosts.push_back(Quote(header.value));
  }
  hosts.resize(2);
  return absl::InvalidArgumentError(
      absl::StrCat("the header Host (", absl::StrJoin(hosts, ", "), ") appears more than once"));
}

}  // namespace

absl::StatusOr<RequestTarget> ParseRequestTarget(const HttpRequest& request) {
  if (absl::Status status = CheckCount(request); !status.ok()) return status;
  const absl::string_view target = request.target;
  const std::optional<absl::string_view> header = request.headers.Find("Host");
  const std::optional<absl::string_view> url = AfterScheme(target);
  // Section 3.2: an invalid Host is refused even if the URL replaces it; an empty one is the Host
  // of a URL without a host, which is never served.
  if (header.has_value() && !(url.has_value() && header->empty())) {
    if (const auto authority = ParseAuthority(*header); !authority.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("in the header Host ", authority.status().message()));
    }
  }
  if (absl::StartsWith(target, "/") || (target == "*" && request.method == "OPTIONS")) {
    return RequestTarget{header.value_or(""), std::string(target)};
  }
  if (!url.has_value()) {
    return absl::InvalidArgumentError(
        absl::StrCat("the target ", Quote(target),
                     " is neither a path that begins with '/' nor a URL of http, https, ws, wss"));
  }
  const size_t end = std::min(url->find_first_of("/?"), url->size());
  const absl::string_view host = url->substr(0, end), path = url->substr(end);
  if (const auto authority = ParseAuthority(host); !authority.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the target ", Quote(target), " has a bad host: ", authority.status().message()));
  }
  // An empty path is "/" (RFC 9110, section 4.2.3).
  return RequestTarget{host, absl::StrCat(absl::StartsWith(path, "/") ? "" : "/", path)};
}

}  // namespace weft
