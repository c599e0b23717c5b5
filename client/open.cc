#include "weft/client/open.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "weft/client/blocking_stream.h"
#include "weft/client/connecting/annotate.h"
#include "weft/client/connecting/check_options.h"
#include "weft/client/connecting/redirect.h"
#include "weft/client/connecting/request_headers.h"
#include "weft/client/dial.h"
#include "weft/core/handshake/handshake.h"
#include "weft/core/http/http_refusal.h"
#include "weft/core/http/location.h"
#include "weft/core/http/quote.h"
#include "weft/core/http/url.h"
#include "weft/transport/deadline.h"
#include "weft/transport/stream.h"

namespace weft {
namespace {

absl::StatusOr<Upgraded> Ask(const Destination& to, const UpgradeOffer& offer,
                             const ClientOptions& options, Deadline deadline) {
  absl::StatusOr<BlockingStream> stream = Dial(to, options, deadline);
  if (!stream.ok()) return stream.status();
  return Upgrade(*std::move(stream), to.url, offer, options);
}

absl::Status NotFollowed(const absl::Status& refused, absl::string_view why) {
  return Annotate(refused, "", absl::StrCat("; not followed: ", why));
}

// The target of `refused`, if it is a redirect that may be followed. Otherwise `refused`, with the
// reason. `asked` has all URLs so far; the last one was refused.
absl::StatusOr<Url> Next(const std::vector<Url>& asked, const absl::Status& refused,
                         int max_redirects) {
  const std::optional<HttpRefusal> refusal = RefusalOf(refused);
  if (!refusal.has_value() || !IsRedirect(refusal->status)) return refused;
  absl::StatusOr<Url> next = RedirectTarget(asked.back(), *refusal);
  if (!next.ok()) {
    const absl::string_view why = next.status().message();
    return NotFollowed(WithWhyNotFollowed(refused, why), why);
  }
  if (asked.size() <= static_cast<size_t>(max_redirects)) return next;
  const std::string to = Quote(UrlText(*next));
  const std::string limit =
      absl::StrCat(", and ClientOptions::http.max_redirects is ", max_redirects);
  if (std::find(asked.begin(), asked.end(), *next) == asked.end()) {
    return NotFollowed(refused, absl::StrCat("it leads to ", to, limit));
  }
  const std::string loop = absl::StrCat("it leads in a loop, back to ", to);
  return NotFollowed(WithWhyNotFollowed(refused, loop), absl::StrCat(loop, limit));
}

}  // namespace

absl::StatusOr<Upgraded> Open(absl::string_view url_text, const ClientOptions& options) {
  if (absl::Status status = CheckClientOptions(options); !status.ok()) return status;
  const Deadline deadline = Deadline::After(options.timeouts.connect);
  std::string where = absl::StrCat(url_text, ": ");
  absl::StatusOr<Url> url = ParseUrl(url_text);
  if (!url.ok()) return url.status();
  absl::StatusOr<std::vector<std::pair<std::string, std::string>>> headers =
      RequestHeaders(options);
  if (!headers.ok()) return Annotate(headers.status(), where);
  UpgradeOffer offer = {options.request.subprotocols, options.request.origin, *std::move(headers)};
  Destination to = {.url = *std::move(url), .connect_to = options.connect_to};
  std::vector<Url> asked;
  while (true) {
    absl::StatusOr<Upgraded> upgraded = Ask(to, offer, options, deadline);
    if (upgraded.ok()) return upgraded;
    asked.push_back(to.url);
    const absl::StatusOr<Url> next = Next(asked, upgraded.status(), options.http.max_redirects);
    if (!next.ok()) return Annotate(next.status(), where);
    // R22. Any header may be a secret, and removed headers are not restored later.
    if (!HaveSameOrigin(to.url, *next)) {
      offer.headers = AnonymousHeaders(options);
      to.identity = Stream::Identity::kHidden;
    }
    to.url = *next;
    to.connect_to = {};
    if (HaveSameOrigin(asked.front(), *next)) to.connect_to = options.connect_to;
    where = absl::StrCat(url_text, ": redirected to ", Quote(UrlText(*next)), ": ");
  }
}

}  // namespace weft
