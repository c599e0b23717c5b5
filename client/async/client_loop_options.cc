#include "weft/client/async/client_loop_options.h"

#include <algorithm>
#include <cstddef>

#include "weft/core/check_option.h"

namespace weft {

absl::Status CheckClientLoopOptions(const ClientLoopOptions& options) {
  absl::Status status = CheckAtLeast("threads", options.threads, 0);
  status.Update(CheckAtLeast("lookup_threads", options.lookup_threads, 1));
  status.Update(CheckAtLeast("max_attempts_per_host", options.max_attempts_per_host, 1));
  status.Update(
      CheckAtLeast<size_t>("sending.max_queue_bytes", options.sending.max_queue_bytes, 1));
  status.Update(
      CheckAtLeast<size_t>("limits.max_buffered_bytes", options.limits.max_buffered_bytes,
                           static_cast<size_t>(std::max(options.threads, 1))));  // 1 per thread
  if (status.ok() && options.sending.low_mark_bytes >= options.sending.high_mark_bytes) {
    status = absl::InvalidArgumentError(
        "sending.low_mark_bytes is not less than sending.high_mark_bytes");
  }
  return status;
}

}  // namespace weft
