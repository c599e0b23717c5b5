// The clock of the event loops.

#ifndef WEFT_LOOP_CLOCK_H_
#define WEFT_LOOP_CLOCK_H_

#include <chrono>
#include <cstdint>

namespace weft {

// A monotonic clock in milliseconds since an arbitrary moment. Callable from any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual int64_t NowMs() const = 0;

  // How long to wait in real time, in milliseconds, so that at least `ms` of this clock pass.
  virtual int64_t WaitMs(int64_t ms) const { return ms; }

  // The real clock.
  static const Clock& Steady();
};

inline const Clock& Clock::Steady() {
  class SteadyClock : public Clock {
    int64_t NowMs() const override {
      const auto now = std::chrono::steady_clock::now().time_since_epoch();
      return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
    }
  };
  static const SteadyClock clock;
  return clock;
}

}  // namespace weft

#endif  // WEFT_LOOP_CLOCK_H_
