// A moment of a loop's clock.

#ifndef WEFT_LOOP_MOMENT_H_
#define WEFT_LOOP_MOMENT_H_

#include <cstdint>
#include <limits>

namespace weft {

// Milliseconds of a clock, or none. All of them, in eight bytes: in four, what a session remembers
// of 25 days ago looks like the future.
class Moment {
 public:
  Moment() = default;  // none
  explicit Moment(int64_t now_ms) : ms_(now_ms) {}

  bool is_set() const { return ms_ != kNone; }

  // How long ago it was. There must be one.
  int64_t MsAgo(int64_t now_ms) const { return now_ms - ms_; }

  // None is before every other one.
  bool IsAfter(Moment other) const { return ms_ > other.ms_; }

 private:
  static constexpr int64_t kNone = std::numeric_limits<int64_t>::min();

  int64_t ms_ = kNone;
};

}  // namespace weft

#endif  // WEFT_LOOP_MOMENT_H_
