#include "weft/client/connecting/redirect.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "weft/client/connecting/annotate.h"
#include "weft/core/http/location.h"
#include "weft/core/http/quote.h"

namespace weft {

bool IsRedirect(int http_status) {
  constexpr int kRedirects[] = {301, 302, 303, 307, 308};
  return std::count(std::begin(kRedirects), std::end(kRedirects), http_status) != 0;
}

absl::StatusOr<Url> RedirectTarget(const Url& asked, const HttpRefusal& redirect) {
  const auto locations = std::count_if(
      redirect.headers.begin(), redirect.headers.end(),
      [](const auto& header) { return absl::EqualsIgnoreCase(header.first, "Location"); });
  if (locations != 1) {
    return absl::InvalidArgumentError(absl::StrCat(
        "it has ", locations == 0 ? "no header" : "more than one header", " Location"));
  }
  const absl::string_view location = *redirect.Find("Location");
  absl::StatusOr<Url> url = ResolveLocation(asked, location);
  if (!url.ok()) return Annotate(url.status(), "in its header Location ");
  if (asked.secure && !url->secure) {
    return absl::PermissionDeniedError(
        absl::StrCat("it leads from wss:// to ", Quote(UrlText(*url)), ", without TLS"));
  }
  return url;
}

}  // namespace weft
