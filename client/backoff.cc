#include "weft/client/backoff.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace weft {

Backoff::Backoff(const BackoffOptions& options, std::function<double()> random)
    : options_(options),
      random_(std::move(random)),
      limit_(std::min(options.first, options.longest)) {}

absl::Duration Backoff::Next(const Pause& asked) {
  const absl::Duration range = std::max(limit_, asked.spread);
  limit_ = std::min(2 * limit_, options_.longest);
  return std::min(asked.at_least, options_.longest_asked) + random_() * range;
}

bool Backoff::Held(absl::Duration uptime) {
  if (uptime < options_.reset_after) return false;
  limit_ = std::min(options_.first, options_.longest);
  return true;
}

absl::Status CheckBackoff(const BackoffOptions& options) {
  const std::pair<absl::string_view, absl::Duration> times[] = {{"first", options.first},
                                                                {"longest", options.longest}};
  for (const auto& [name, time] : times) {
    if (time > absl::ZeroDuration() && time < absl::InfiniteDuration()) continue;
    return absl::InvalidArgumentError(absl::StrCat("backoff.", name, " is ",
                                                   absl::FormatDuration(time),
                                                   ": it must be more than 0, and finite"));
  }
  return absl::OkStatus();
}

}  // namespace weft
