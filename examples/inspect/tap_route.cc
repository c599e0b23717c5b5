#include "examples/inspect/tap_route.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "weft/core/http/authority.h"
#include "weft/core/http/http.h"
#include "weft/core/http/http_request_body.h"
#include "weft/core/http/http_status.h"
#include "weft/core/http/origin.h"
#include "weft/core/http/query.h"
#include "weft/core/http/quote.h"
#include "weft/core/http/url.h"
#include "weft/server/http/host_check.h"
#include "weft/transport/loopback.h"

namespace examples {
namespace {

constexpr absl::string_view kTo = "/?";

// Of a request for something else than a WebSocket.
constexpr size_t kMaxBodyBytes = 16 << 20;

// The host of host[:port], or nothing.
absl::string_view HostIn(absl::string_view text) {
  const absl::StatusOr<weft::Authority> authority = weft::ParseAuthority(text);
  return authority.ok() ? authority->host : "";
}

// The URL in "/?to=URL"; none if the request is for the first target. That one may have a parameter
// "to" of its own, which is not such a URL.
absl::StatusOr<std::optional<weft::Url>> NamedTarget(absl::string_view target) {
  if (!absl::StartsWith(target, kTo)) return std::nullopt;
  const std::optional<std::string> to = weft::QueryParameter(target.substr(kTo.size()), "to");
  if (!to.has_value() || !absl::StrContains(*to, "://")) return std::nullopt;
  absl::StatusOr<weft::Url> url = weft::ParseUrl(*to);
  if (!url.ok()) return weft::HttpError(400, absl::StrCat("?to=: ", url.status().message()));
  return std::optional<weft::Url>(*std::move(url));
}

const TapTarget* FindTarget(const weft::Url& url, const TapRules& rules) {
  for (const TapTarget& target : rules.targets) {
    if (url.unix_path.empty() && url.host == target.host && url.port == target.port &&
        url.secure == (target.tls != nullptr)) {
      return &target;
    }
  }
  return nullptr;
}

// `host` has been checked.
bool IsOwnPage(absl::string_view origin, absl::string_view host, const TapTarget& target,
               const TapRules& rules) {
  const size_t scheme = origin.find("://");
  const absl::string_view page_host =
      scheme == origin.npos ? "" : HostIn(origin.substr(scheme + 3));
  return weft::IsLoopbackHost(page_host) || weft::IsSameOrigin(origin, host) ||
         weft::IsSameOrigin(origin, weft::AuthorityText(target.host, target.port)) ||
         weft::IsAllowedOrigin(origin, rules.allowed_origins);
}

absl::Status CheckHost(absl::string_view host, const TapRules& rules) {
  if (weft::CheckHost(host, rules.on_loopback, rules.allowed_hosts).ok()) return absl::OkStatus();
  return weft::HttpError(421, absl::StrCat("the tap does not answer for the host ",
                                           weft::Quote(host), ": --allow_host names others"));
}

// Whether a head that is not HTTP, for the reason `why`, may be forwarded: the server's reaction is
// worth seeing. All requests of browsers have a Host, their WebSockets an Origin and an Upgrade,
// and no page can give its other requests an Upgrade.
absl::Status CheckMalformed(absl::string_view head, const absl::Status& why,
                            const TapRules& rules) {
  bool has_host = false, has_upgrade = false;
  for (absl::string_view line : absl::StrSplit(head, '\n')) {
    if (absl::StartsWithIgnoreCase(line, "origin:")) return why;
    has_upgrade = has_upgrade || absl::StartsWithIgnoreCase(line, "upgrade:");
    if (!absl::StartsWithIgnoreCase(line, "host:")) continue;
    has_host = true;
    line.remove_prefix(sizeof("host:") - 1);
    absl::Status status = CheckHost(absl::StripAsciiWhitespace(line), rules);
    if (!status.ok()) return status;
  }
  return has_host && !has_upgrade ? why : absl::OkStatus();
}

// The lines of a request, without the empty ones around them.
std::vector<absl::string_view> LinesOf(absl::string_view head) {
  return absl::StrSplit(head, "\r\n", absl::SkipEmpty());
}

// The request as it would be without the tap.
std::string ForTarget(const weft::HttpRequest& http, absl::string_view head,
                      absl::string_view tap_host, const weft::Url& url) {
  const bool same_host = absl::EqualsIgnoreCase(HostIn(tap_host), url.host);
  std::string request;
  for (const absl::string_view line : LinesOf(head)) {
    if (request.empty()) {
      absl::StrAppend(&request, http.method, " ", url.resource, " HTTP/1.1\r\n");
    } else if (absl::StartsWithIgnoreCase(line, "host:")) {
      absl::StrAppend(&request, "Host: ", weft::HostHeader(url), "\r\n");
    } else if (same_host || !absl::StartsWithIgnoreCase(line, "cookie:")) {
      absl::StrAppend(&request, line, "\r\n");
    }
  }
  return request + "\r\n";
}

// The request as the last one of its connection.
absl::StatusOr<TapRoute> LastRequest(const TapTarget& target, const weft::HttpRequest& http,
                                     absl::string_view head) {
  absl::StatusOr<weft::HttpRequestBody> body = weft::HttpRequestBody::Of(http, kMaxBodyBytes);
  if (!body.ok()) return body.status();
  std::string request;
  for (const absl::string_view line : LinesOf(head)) {
    if (!absl::StartsWithIgnoreCase(line, "connection:")) absl::StrAppend(&request, line, "\r\n");
  }
  return TapRoute{.target = &target,
                  .head = request + "Connection: close\r\n\r\n",
                  .change = "the Connection is for one request, since it is no WebSocket",
                  .body = *std::move(body)};
}

}  // namespace

std::string TapTarget::url() const {
  return weft::UrlText({.secure = tls != nullptr, .host = host, .port = port});
}

absl::StatusOr<TapRoute> RouteOf(absl::string_view head, const TapRules& rules) {
  const TapTarget& first = rules.targets.front();
  const absl::StatusOr<weft::HttpRequest> http = weft::ParseHttpRequest(head);
  if (!http.ok()) {
    absl::Status status = CheckMalformed(head, http.status(), rules);
    if (!status.ok()) return status;
    return TapRoute{.target = &first, .head = std::string(head)};
  }

  const absl::string_view host = http->headers.Find("Host").value_or("");
  if (absl::Status status = CheckHost(host, rules); !status.ok()) return status;
  const absl::StatusOr<std::optional<weft::Url>> named = NamedTarget(http->target);
  if (!named.ok()) return named.status();
  const TapTarget* target = named->has_value() ? FindTarget(**named, rules) : &first;
  if (target == nullptr) {
    return weft::HttpError(403, absl::StrCat("the tap may not connect to ", weft::UrlText(**named),
                                             ": --forward does not name it"));
  }
  const std::optional<absl::string_view> origin = http->headers.Find("Origin");
  if (origin.has_value() && !IsOwnPage(*origin, host, *target, rules)) {
    return weft::HttpError(403, absl::StrCat("the tap is not for pages of ", weft::Quote(*origin),
                                             ": --allow_origin names others"));
  }
  if (!http->headers.HasToken("Upgrade", "websocket")) {
    if (!named->has_value()) return LastRequest(*target, *http, head);
    return weft::HttpError(426, "?to= is for WebSockets, and this request does not ask for one");
  }
  if (!named->has_value()) return TapRoute{.target = target, .head = std::string(head)};
  return TapRoute{.target = target,
                  .head = ForTarget(*http, head, host, **named),
                  .change = "the request line and the Host are as they would be without the tap"};
}

}  // namespace examples
