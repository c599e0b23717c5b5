// A point in time of a loop's clock.

#ifndef WEFT_LOOP_MOMENT_H_
#define WEFT_LOOP_MOMENT_H_

#include <cstdint>
#include <limits>

namespace weft {

// Milliseconds of a clock, or none. Eight bytes, because with four, a moment of 25 days ago would
// appear to be in the future.
class Moment {
 public:
  Moment() = default;  // none
  explicit Moment(int64_t now_ms) : ms_(now_ms) {}

  bool is_set() const { return ms_ != kNone; }

  // The time since this moment, which must not be none.
  int64_t MsAgo(int64_t now_ms) const { return now_ms - ms_; }

  // None is before every other moment.
  bool IsAfter(Moment other) const { return ms_ > other.ms_; }

 private:
  static constexpr int64_t kNone = std::numeric_limits<int64_t>::min();

  int64_t ms_ = kNone;
};

}  // namespace weft

#endif  // WEFT_LOOP_MOMENT_H_
