#include "weft/client/open.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "weft/client/annotate.h"
#include "weft/client/blocking_stream.h"
#include "weft/client/dial.h"
#include "weft/client/redirect.h"
#include "weft/client/request_headers.h"
#include "weft/core/compression.h"
#include "weft/core/handshake.h"
#include "weft/core/http_refusal.h"
#include "weft/core/location.h"
#include "weft/core/permessage_deflate.h"
#include "weft/core/quote.h"
#include "weft/core/url.h"
#include "weft/transport/deadline.h"

namespace weft {
namespace {

absl::StatusOr<Upgraded> Ask(const Url& url, const UpgradeOffer& offer,
                             const ClientOptions& options, Deadline deadline) {
  absl::StatusOr<BlockingStream> stream = Dial(url, options, deadline);
  if (!stream.ok()) return stream.status();
  return Upgrade(*std::move(stream), url, offer, options);
}

// Where `refused` leads, if it is a redirect that may be followed. Otherwise it comes back, and
// says why.
absl::StatusOr<Url> Next(const Url& asked, const absl::Status& refused, int followed,
                         int max_redirects) {
  const std::optional<HttpRefusal> refusal = RefusalOf(refused);
  if (!refusal.has_value() || !IsRedirect(refusal->status)) return refused;
  absl::StatusOr<Url> next = RedirectTarget(asked, *refusal);
  if (next.ok() && followed >= max_redirects) {
    next = absl::FailedPreconditionError(absl::StrCat("it leads to ", Quote(UrlText(*next)),
                                                      ", and ClientOptions::max_redirects is ",
                                                      max_redirects));
  }
  if (next.ok()) return next;
  return Annotate(refused, "", absl::StrCat("; not followed: ", next.status().message()));
}

}  // namespace

absl::StatusOr<Upgraded> Open(absl::string_view url_text, const ClientOptions& options) {
  const Deadline deadline = Deadline::After(options.connect_timeout);
  std::string where = absl::StrCat(url_text, ": ");
  absl::StatusOr<Url> url = ParseUrl(url_text);
  if (!url.ok()) return url.status();
  const CompressionOptions& compression = options.connection.compression;
  if (absl::Status status = CheckCompressionOptions(compression); !status.ok()) return status;
  absl::StatusOr<std::vector<std::pair<std::string, std::string>>> headers =
      RequestHeaders(options);
  if (!headers.ok()) return Annotate(headers.status(), where);
  UpgradeOffer offer = {options.subprotocols, options.origin, *std::move(headers),
                        DeflateOffer(compression)};
  for (int followed = 0;; ++followed) {
    absl::StatusOr<Upgraded> upgraded = Ask(*url, offer, options, deadline);
    if (upgraded.ok()) return upgraded;
    const absl::StatusOr<Url> next = Next(*url, upgraded.status(), followed, options.max_redirects);
    if (!next.ok()) return Annotate(next.status(), where);
    // R22. Any header may be a secret, and what is gone does not come back on the way.
    if (!HaveSameOrigin(*url, *next)) offer.headers = AnonymousHeaders(options);
    url = *next;
    where = absl::StrCat(url_text, ": redirected to ", Quote(UrlText(*next)), ": ");
  }
}

}  // namespace weft
