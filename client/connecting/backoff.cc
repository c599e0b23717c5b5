#include "weft/client/connecting/backoff.h"

#include <algorithm>
#include <utility>

#include "weft/core/check_option.h"

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
  absl::Status status;
  for (const auto& [name, time] :
       {std::pair("first", options.first), std::pair("longest", options.longest)}) {
    if (time > absl::ZeroDuration() && time < absl::InfiniteDuration()) continue;
    status.Update(WrongOption(name, absl::FormatDuration(time), "more than 0, and finite"));
  }
  status.Update(CheckNotNegative("reset_after", options.reset_after));
  status.Update(CheckNotNegative("longest_asked", options.longest_asked));
  return status;
}

absl::Status CheckPause(const Pause& pause) {
  absl::Status status;
  for (const auto& [name, time] :
       {std::pair("at_least", pause.at_least), std::pair("spread", pause.spread)}) {
    if (time >= absl::ZeroDuration() && time < absl::InfiniteDuration()) continue;
    status.Update(WrongOption(name, absl::FormatDuration(time), "at least 0, and finite"));
  }
  return status;
}

}  // namespace weft
