// Arbitrary text as a URL, an authority, an origin and a redirect.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "weft/core/http/authority.h"
#include "weft/core/http/location.h"
#include "weft/core/http/origin.h"
#include "weft/core/http/url.h"
#include "weft/core/testing/require.h"

namespace weft {
namespace {

using testing::Require;
using testing::RequireReadable;

void CheckUrl(absl::string_view text) {
  const absl::StatusOr<Url> url = ParseUrl(text);
  if (!url.ok()) return RequireReadable(url.status().message());
  const std::string& resource = url->resource;
  Require(absl::StartsWith(resource, "/") && !absl::StrContains(resource, '#') &&
              std::all_of(resource.begin(), resource.end(), absl::ascii_isgraph),
          "the resource can stand in a request line");
  Require(!url->host.empty() && url->port != 0, "a parsed URL has a host and a port");
  const absl::StatusOr<Url> again = ParseUrl(UrlText(*url));
  Require(again.ok() && *again == *url, "a written URL parses to the same URL");
}

void CheckAuthority(absl::string_view text) {
  const std::string origin = absl::StrCat("http://", text);
  const absl::StatusOr<Authority> authority = ParseAuthority(text);
  RequireReadable(authority.status().message());
  const bool is_authority = authority.ok();
  Require(IsSameOrigin(origin, text) == is_authority, "a page comes from its own host");
  Require(IsSameOrigin(origin, "other.example") == IsSameOrigin("http://other.example", text),
          "the comparison of origins is symmetric");
}

void CheckLocation(absl::string_view text) {
  for (const char* base : {"wss://h:1/a/b?c", "ws+unix:///s:/"}) {
    const absl::StatusOr<Url> url = ResolveLocation(*ParseUrl(base), text);
    RequireReadable(url.status().message());
    if (!url.ok()) continue;
    const absl::StatusOr<Url> again = ParseUrl(UrlText(*url));
    Require(again.ok() && *again == *url, "the target of a redirect is a valid URL");
    Require(url->unix_path.empty() || url->unix_path == "/s",
            "a redirect does not choose another Unix socket");
    const std::string path = url->resource.substr(0, url->resource.find('?'));
    Require(!absl::StrContains(path, "/../") && !absl::StrContains(path, "/./") &&
                !absl::EndsWith(path, "/..") && !absl::EndsWith(path, "/."),
            "no dot segments are left");
  }
}

}  // namespace
}  // namespace weft

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  weft::CheckUrl(text);
  weft::CheckUrl(absl::StrCat("ws://", text));
  weft::CheckUrl(absl::StrCat("ws+unix:///", text));
  weft::CheckAuthority(text);
  weft::CheckLocation(text);
  return 0;
}
