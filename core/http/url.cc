#include "weft/core/http/url.h"

#include <algorithm>
#include <cstddef>
#include <optional>
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

uint16_t DefaultPort(bool secure) { return secure ? 443 : 80; }

absl::Status CheckCharacters(absl::string_view url) {
  const auto bad = std::find_if_not(url.begin(), url.end(), absl::ascii_isgraph);
  if (bad == url.end()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "the URL holds ", Quote(absl::string_view(&*bad, 1)), " after ", bad - url.begin(),
      " characters: spaces, controls and non-ASCII characters must be %-encoded"));
}

// Removes the scheme from the front.
absl::Status ConsumeScheme(absl::string_view* url, bool* secure, bool* unix) {
  if (url->empty()) return absl::InvalidArgumentError("the URL is empty");
  for (absl::string_view scheme : {"ws://", "wss://", "ws+unix://", "wss+unix://"}) {
    if (!absl::StartsWithIgnoreCase(*url, scheme)) continue;
    *secure = absl::StartsWith(scheme, "wss");
    *unix = absl::EndsWith(scheme, "+unix://");
    url->remove_prefix(scheme.size());
    return absl::OkStatus();
  }
  // Only up to an '@', because a password may precede it.
  return absl::InvalidArgumentError(absl::StrCat("the URL begins with ",
                                                 Quote(url->substr(0, url->find_first_of(":/?#@"))),
                                                 ", not with ws:// or wss://"));
}

bool IsUnreserved(char c) {
  return absl::ascii_isalnum(c) || absl::string_view("-._~").find(c) != absl::string_view::npos;
}

// Removes the zone from "[fe80::1%25eth0]:80", if there is one.
absl::Status TakeZone(std::string* authority, std::string* zone) {
  const size_t percent = authority->find('%'), end = authority->find(']');
  if ((*authority)[0] != '[' || percent == std::string::npos || end == std::string::npos ||
      percent > end) {
    return absl::OkStatus();
  }
  const absl::string_view text = absl::string_view(*authority).substr(percent, end - percent);
  const absl::string_view name = absl::StripPrefix(text, "%25");
  if (name.empty() || name.size() == text.size() ||
      !std::all_of(name.begin(), name.end(), IsUnreserved)) {
    return absl::InvalidArgumentError(
        absl::StrCat("in the URL ", Quote(text),
                     " is not a zone: \"%25\" and the name of a network interface, as %25eth0"));
  }
  *zone = std::string(name);
  authority->erase(percent, end - percent);
  return absl::OkStatus();
}

// Removes host and port from the front.
absl::Status ConsumeHost(absl::string_view* rest, Url* url) {
  const size_t end = std::min(rest->find_first_of("/?#"), rest->size());
  const absl::string_view text = rest->substr(0, end);
  rest->remove_prefix(end);
  if (text.find('@') != text.npos) {
    // The text after the user's colon is a secret, and messages are logged.
    const absl::string_view user = text.substr(0, text.find_first_of(":@"));
    return absl::InvalidArgumentError(absl::StrCat("the URL has a user name, ", Quote(user),
                                                   ": send an Authorization header instead"));
  }
  std::string without_zone(text);
  if (absl::Status status = TakeZone(&without_zone, &url->zone); !status.ok()) return status;
  const absl::StatusOr<Authority> authority = ParseAuthority(without_zone);
  if (!authority.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("in the URL ", authority.status().message()));
  }
  url->host = absl::AsciiStrToLower(authority->host);
  url->port = authority->port.value_or(DefaultPort(url->secure));
  return absl::OkStatus();
}

// Removes the path of a Unix socket from the front, and the ':' after it.
absl::Status ConsumeUnixPath(absl::string_view* rest, Url* url) {
  if (!absl::StartsWith(*rest, "/")) {
    return absl::InvalidArgumentError(
        "in the URL the path of a Unix socket does not begin with '/', the third one after "
        "\"unix:\"");
  }
  const size_t end = std::min(rest->find(':'), rest->size());
  const absl::string_view path = rest->substr(0, end);
  rest->remove_prefix(std::min(end + 1, rest->size()));
  if (path.find_first_of("?#") != path.npos) {
    return absl::InvalidArgumentError(
        absl::StrCat("in the URL the path of a Unix socket, ", Quote(path),
                     ", holds a '?' or '#': write the resource after a ':'"));
  }
  if (!rest->empty() && absl::string_view("/?#").find(rest->front()) == absl::string_view::npos) {
    return absl::InvalidArgumentError(
        absl::StrCat("in the URL ", Quote(*rest),
                     " follows the path of a Unix socket, where only a path is allowed: write a "
                     "':' in the socket's path as %3A"));
  }
  absl::StatusOr<std::string> decoded = PercentDecode(path);
  if (!decoded.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("in the URL ", decoded.status().message()));
  }
  url->host = "localhost";
  url->port = DefaultPort(url->secure);
  url->unix_path = *std::move(decoded);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Url> ParseUrl(absl::string_view url) {
  if (absl::Status status = CheckCharacters(url); !status.ok()) return status;
  Url parsed;
  bool unix = false;
  absl::Status status = ConsumeScheme(&url, &parsed.secure, &unix);
  if (status.ok()) status = unix ? ConsumeUnixPath(&url, &parsed) : ConsumeHost(&url, &parsed);
  if (!status.ok()) return status;

  if (const size_t fragment = url.find('#'); fragment != url.npos) {
    return absl::InvalidArgumentError(
        absl::StrCat("the URL has a fragment, ", Quote(url.substr(fragment)),
                     ", which RFC 6455 section 3 forbids: write a literal '#' as %23"));
  }
  // Section 3: an empty path is "/", and '?' belongs to a query only if that is not empty.
  if (url.find('?') == url.size() - 1) absl::ConsumeSuffix(&url, "?");
  parsed.resource = absl::StrCat(absl::StartsWith(url, "/") ? "" : "/", url);
  return parsed;
}

std::string UrlText(const Url& url) {
  const absl::string_view scheme = url.secure ? "wss" : "ws";
  if (url.unix_path.empty()) {
    std::string host = HostHeader(url);
    if (!url.zone.empty()) host.insert(host.find(']'), absl::StrCat("%25", url.zone));
    return absl::StrCat(scheme, "://", host, url.resource);
  }
  return absl::StrCat(scheme, "+unix://", PercentEncodePath(url.unix_path), ":", url.resource);
}

std::string HostHeader(const Url& url) {
  if (url.port == DefaultPort(url.secure)) return AuthorityText(url.host, std::nullopt);
  return AuthorityText(url.host, url.port);
}

}  // namespace weft
