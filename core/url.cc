#include "weft/core/url.h"

#include <algorithm>
#include <cstddef>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "weft/core/authority.h"
#include "weft/core/quote.h"

namespace weft {
namespace {

uint16_t DefaultPort(bool secure) { return secure ? 443 : 80; }

absl::Status CheckCharacters(absl::string_view url) {
  const auto bad = std::find_if_not(url.begin(), url.end(), absl::ascii_isgraph);
  if (bad == url.end()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "the URL holds ", Quote(absl::string_view(&*bad, 1)), " after ", bad - url.begin(),
      " characters: spaces, controls and all that is not ASCII must be %-encoded"));
}

// Takes "ws://" or "wss://" off the front.
absl::Status ConsumeScheme(absl::string_view* url, bool* secure) {
  if (url->empty()) return absl::InvalidArgumentError("the URL is empty");
  for (absl::string_view scheme : {"ws://", "wss://"}) {
    if (!absl::StartsWithIgnoreCase(*url, scheme)) continue;
    *secure = scheme == "wss://";
    url->remove_prefix(scheme.size());
    return absl::OkStatus();
  }
  // No further than an '@', before which a password may stand.
  return absl::InvalidArgumentError(absl::StrCat("the URL begins with ",
                                                 Quote(url->substr(0, url->find_first_of(":/?#@"))),
                                                 " and not with ws:// or wss://"));
}

}  // namespace

absl::StatusOr<Url> ParseUrl(absl::string_view url) {
  if (absl::Status status = CheckCharacters(url); !status.ok()) return status;
  Url parsed;
  if (absl::Status status = ConsumeScheme(&url, &parsed.secure); !status.ok()) return status;

  const size_t authority_end = std::min(url.find_first_of("/?#"), url.size());
  const absl::string_view authority_text = url.substr(0, authority_end);
  const size_t at = authority_text.rfind('@');
  if (at != authority_text.npos) {
    // What stands behind the user's colon is a secret, and messages are logged.
    const absl::string_view user = authority_text.substr(0, authority_text.find_first_of(":@"));
    return absl::InvalidArgumentError(absl::StrCat("the URL has a user name, ", Quote(user),
                                                   ": send an Authorization header instead"));
  }
  absl::StatusOr<Authority> authority = ParseAuthority(authority_text);
  if (!authority.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("in the URL ", authority.status().message()));
  }
  parsed.host = absl::AsciiStrToLower(authority->host);
  parsed.port = authority->port.value_or(DefaultPort(parsed.secure));

  absl::string_view resource = url.substr(authority_end);
  if (const size_t fragment = resource.find('#'); fragment != resource.npos) {
    return absl::InvalidArgumentError(
        absl::StrCat("the URL has a fragment, ", Quote(resource.substr(fragment)),
                     ", which RFC 6455 section 3 forbids: a '#' that is meant is written %23"));
  }
  // Section 3: the path is "/" when it is empty, and '?' belongs to a query that is not.
  if (resource.find('?') == resource.size() - 1) absl::ConsumeSuffix(&resource, "?");
  parsed.resource = absl::StrCat(absl::StartsWith(resource, "/") ? "" : "/", resource);
  return parsed;
}

std::string HostHeader(const Url& url) {
  const bool ipv6 = absl::StrContains(url.host, ':');
  std::string text = ipv6 ? absl::StrCat("[", url.host, "]") : url.host;
  if (url.port != DefaultPort(url.secure)) absl::StrAppend(&text, ":", url.port);
  return text;
}

}  // namespace weft
