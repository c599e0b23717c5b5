// When each message of a fixed rate is due.

#ifndef WEFT_BENCH_ENGINE_RATE_SCHEDULE_H_
#define WEFT_BENCH_ENGINE_RATE_SCHEDULE_H_

#include <cmath>
#include <cstdint>

#include "absl/time/time.h"

namespace weft::bench {

// An open loop: messages are due at a fixed rate, whether earlier ones were answered or not. The
// rate grows evenly from 0 during the ramp-up. Immutable.
class RateSchedule {
 public:
  // At least 0.001 `per_second`; `ramp_up` at least 0.
  explicit RateSchedule(double per_second, absl::Duration ramp_up = absl::ZeroDuration())
      : per_second_(per_second),
        ramp_seconds_(absl::ToDoubleSeconds(ramp_up)),
        in_ramp_(per_second * ramp_seconds_ / 2) {}

  // Nanoseconds from the start until the message with this number, counted from 0, is due. Does not
  // fall from one number to the next.
  int64_t Due(uint64_t number) const {
    const double n = static_cast<double>(number);
    // During the ramp-up rate * t^2 / (2 * ramp) messages are due until t.
    const double seconds = n < in_ramp_ ? std::sqrt(2 * n * ramp_seconds_ / per_second_)
                                        : ramp_seconds_ + (n - in_ramp_) / per_second_;
    return static_cast<int64_t>(seconds * 1e9);
  }

 private:
  double per_second_;
  double ramp_seconds_;
  double in_ramp_;  // messages that are due during the ramp-up
};

}  // namespace weft::bench

#endif  // WEFT_BENCH_ENGINE_RATE_SCHEDULE_H_
