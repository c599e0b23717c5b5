#include "weft/client/reconnecting/retry_options.h"

#include "weft/core/check_option.h"

namespace weft {

absl::Status CheckRetryOptions(const RetryOptions& options) {
  absl::Status status = InField("backoff", CheckBackoff(options.backoff));
  status.Update(CheckAtLeast("max_attempts", options.max_attempts, 1));
  status.Update(CheckNotNegative("give_up_after", options.give_up_after));
  status.Update(InField("service_restart", CheckPause(options.service_restart)));
  status.Update(InField("try_again_later", CheckPause(options.try_again_later)));
  return status;
}

}  // namespace weft
