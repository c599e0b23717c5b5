#include "weft/client/open.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "weft/client/annotate.h"
#include "weft/client/blocking_stream.h"
#include "weft/client/dial.h"
#include "weft/client/request_headers.h"
#include "weft/core/url.h"
#include "weft/transport/deadline.h"

namespace weft {
namespace {

absl::StatusOr<Upgraded> Ask(const Url& url, const ClientOptions& options, Deadline deadline) {
  absl::StatusOr<std::vector<std::pair<std::string, std::string>>> headers =
      RequestHeaders(options);
  if (!headers.ok()) return headers.status();
  absl::StatusOr<BlockingStream> stream = Dial(url, options, deadline);
  if (!stream.ok()) return stream.status();
  return Upgrade(*std::move(stream), url,
                 {options.subprotocols, options.origin, *std::move(headers)}, options.http);
}

}  // namespace

absl::StatusOr<Upgraded> Open(absl::string_view url_text, const ClientOptions& options) {
  const Deadline deadline = Deadline::After(options.connect_timeout);
  const absl::StatusOr<Url> url = ParseUrl(url_text);
  if (!url.ok()) return url.status();
  absl::StatusOr<Upgraded> upgraded = Ask(*url, options, deadline);
  if (!upgraded.ok()) return Annotate(upgraded.status(), absl::StrCat(url_text, ": "));
  return upgraded;
}

}  // namespace weft
