// The duration of ticks.

#ifndef WEFT_EXAMPLES_WORLD_TICK_TIMES_H_
#define WEFT_EXAMPLES_WORLD_TICK_TIMES_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/time/time.h"
#include "examples/world/rules.h"

namespace weft::world {

// The ticks of the last ten seconds.
class TickTimes {
 public:
  void Add(absl::Duration time) {
    if (times_.size() < kKept) {
      times_.push_back(time);
    } else {
      times_[next_] = time;
    }
    next_ = (next_ + 1) % kKept;
  }

  // The time that this share of the ticks, 0 to 1, did not exceed.
  absl::Duration Quantile(double share) const {
    if (times_.empty()) return absl::ZeroDuration();
    std::vector<absl::Duration> sorted = times_;
    const auto at = sorted.begin() +
                    static_cast<ptrdiff_t>(share * static_cast<double>(sorted.size() - 1) + 0.5);
    std::nth_element(sorted.begin(), at, sorted.end());
    return *at;
  }

 private:
  static constexpr size_t kKept = size_t{10} * kTicksPerSecond;

  std::vector<absl::Duration> times_;
  size_t next_ = 0;
};

}  // namespace weft::world

#endif  // WEFT_EXAMPLES_WORLD_TICK_TIMES_H_
