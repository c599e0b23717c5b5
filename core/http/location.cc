#include "weft/core/http/location.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "weft/core/http/quote.h"

namespace weft {
namespace {

// The text before the first ':', if it can be a scheme; otherwise empty.
absl::string_view SchemeOf(absl::string_view location) {
  const size_t colon = location.find_first_of(":/?");
  return colon != location.npos && location[colon] == ':' ? location.substr(0, colon)
                                                          : absl::string_view();
}

absl::string_view PathOf(absl::string_view resource) {
  return resource.substr(0, resource.find('?'));
}

// RFC 3986, section 5.2.4. `path` begins with '/'.
std::string RemoveDotSegments(absl::string_view path) {
  std::vector<absl::string_view> kept;
  const std::vector<absl::string_view> segments = absl::StrSplit(path.substr(1), '/');
  for (const absl::string_view segment : segments) {
    if (segment == ".." && !kept.empty()) kept.pop_back();
    if (segment != "." && segment != "..") kept.push_back(segment);
  }
  // A dot at the end names a folder.
  if (segments.back() == "." || segments.back() == "..") kept.emplace_back("");
  return absl::StrCat("/", absl::StrJoin(kept, "/"));
}

// The resource of a reference without a host (sections 5.2.2 and 5.2.3).
std::string Merge(absl::string_view base, absl::string_view reference) {
  if (reference.empty()) return std::string(base);
  if (reference[0] == '/') return std::string(reference);
  const absl::string_view path = PathOf(base);
  if (reference[0] == '?') return absl::StrCat(path, reference);
  return absl::StrCat(path.substr(0, path.rfind('/') + 1), reference);
}

// The whole URL as text.
absl::StatusOr<std::string> Complete(const Url& base, absl::string_view location) {
  const absl::string_view scheme = SchemeOf(location);
  if (!scheme.empty()) {
    const absl::string_view rest = location.substr(scheme.size());
    for (const absl::string_view secure : {"https", "wss"}) {
      if (absl::EqualsIgnoreCase(scheme, secure)) return absl::StrCat("wss", rest);
    }
    for (const absl::string_view plain : {"http", "ws"}) {
      if (absl::EqualsIgnoreCase(scheme, plain)) return absl::StrCat("ws", rest);
    }
    return absl::InvalidArgumentError(
        absl::StrCat("the scheme ", Quote(scheme), " is not ws, wss, ", "http or https"));
  }
  if (absl::StartsWith(location, "//")) {
    return absl::StrCat(base.secure ? "wss:" : "ws:", location);
  }
  Url url = base;
  url.resource = Merge(base.resource, location);
  return UrlText(url);
}

}  // namespace

absl::StatusOr<Url> ResolveLocation(const Url& base, absl::string_view location) {
  const absl::StatusOr<std::string> text = Complete(base, location.substr(0, location.find('#')));
  if (!text.ok()) return text.status();
  absl::StatusOr<Url> url = ParseUrl(*text);
  if (!url.ok()) return url.status();
  const absl::string_view path = PathOf(url->resource);
  url->resource =
      absl::StrCat(RemoveDotSegments(path), absl::string_view(url->resource).substr(path.size()));
  return url;
}

bool HaveSameOrigin(const Url& a, const Url& b) {
  return a.secure == b.secure && a.unix_path == b.unix_path && a.host == b.host &&
         a.zone == b.zone && a.port == b.port;
}

}  // namespace weft
