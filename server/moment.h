// A moment of a loop's clock, in four bytes: a session remembers some.

#ifndef WEFT_SERVER_MOMENT_H_
#define WEFT_SERVER_MOMENT_H_

#include <cstdint>

namespace weft {

// Milliseconds of a clock, modulo 2^32. What lies 49 days back looks like now, so it is for what is
// looked at, or renewed, more often than that.
class Moment {
 public:
  Moment() = default;  // none
  explicit Moment(int64_t now_ms) : ms_(static_cast<uint32_t>(now_ms)) {
    if (ms_ == 0) ms_ = UINT32_MAX;  // a millisecond before: 0 is none
  }

  bool is_set() const { return ms_ != 0; }

  // How long ago it was.
  int64_t MsAgo(int64_t now_ms) const { return static_cast<uint32_t>(now_ms) - ms_; }

  // Of two that lie less than 24 days apart. None is after none.
  bool IsAfter(Moment other) const { return is_set() && static_cast<int32_t>(ms_ - other.ms_) > 0; }

 private:
  uint32_t ms_ = 0;
};

}  // namespace weft

#endif  // WEFT_SERVER_MOMENT_H_
