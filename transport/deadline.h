// The monotonic clock, and a point in time by which an operation must be done.

#ifndef WEFT_TRANSPORT_DEADLINE_H_
#define WEFT_TRANSPORT_DEADLINE_H_

#include <algorithm>
#include <chrono>

#include "absl/time/time.h"

namespace weft {

// The monotonic clock: the time since an arbitrary moment.
inline absl::Duration SteadyNow() {
  return absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
}

// A deadline on the monotonic clock: setting the wall clock has no effect on it. A value type:
// create it once and pass it to each step, so that all steps share the time:
//
//   const Deadline deadline = Deadline::After(absl::Seconds(10));
//   absl::StatusOr<Stream> stream = ConnectTo("localhost", 8080, deadline);
//   ...
//   absl::Status status = Wait(stream->fd(), Interest::kRead, deadline);
class Deadline {
 public:
  static Deadline Never() { return Deadline(Clock::time_point::max()); }

  // `timeout` from now. Zero or less has already passed; a century or more means never.
  static Deadline After(absl::Duration timeout) {
    if (timeout >= absl::Hours(24 * 365 * 100)) return Never();
    const absl::Duration wait = std::max(timeout, absl::ZeroDuration());
    return Deadline(Clock::now() +
                    std::chrono::duration_cast<Clock::duration>(absl::ToChronoNanoseconds(wait)));
  }

  bool is_never() const { return time_ == Clock::time_point::max(); }

  bool HasPassed() const { return !is_never() && Clock::now() >= time_; }

  // The remaining time: never negative; infinite for Never().
  absl::Duration Remaining() const {
    if (is_never()) return absl::InfiniteDuration();
    return std::max(absl::FromChrono(time_ - Clock::now()), absl::ZeroDuration());
  }

  friend bool operator<(Deadline a, Deadline b) { return a.time_ < b.time_; }

 private:
  using Clock = std::chrono::steady_clock;

  explicit Deadline(Clock::time_point time) : time_(time) {}

  Clock::time_point time_;
};

}  // namespace weft

#endif  // WEFT_TRANSPORT_DEADLINE_H_
