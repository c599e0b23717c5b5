#include "weft/server/topics/subscribe_options.h"

#include "absl/strings/str_cat.h"

namespace weft {

absl::StatusOr<Position> ParseSince(const SubscribeOptions& options) {
  if (options.since.empty()) return Position();
  absl::StatusOr<Position> since = Position::Parse(options.since);
  if (since.ok()) return since;
  return absl::InvalidArgumentError(absl::StrCat("since: ", since.status().message()));
}

}  // namespace weft
