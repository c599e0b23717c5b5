// The time, as the server sees it.

#ifndef WEFT_LOOP_CLOCK_H_
#define WEFT_LOOP_CLOCK_H_

#include <atomic>
#include <chrono>
#include <cstdint>

namespace weft {

// A monotonic clock in milliseconds since some moment. Callable from any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual int64_t NowMs() const = 0;

  // How long to really wait, in milliseconds, so that `ms` of this clock pass at the least.
  virtual int64_t WaitMs(int64_t ms) const { return ms; }

  // The one that ticks by itself.
  static const Clock& Steady();
};

// A clock that a test holds: it stands still but for Advance.
class ManualClock : public Clock {
 public:
  int64_t NowMs() const override { return now_ms_; }
  void AdvanceMs(int64_t ms) { now_ms_ += ms; }

  // A loop that waits for this clock must look at it often.
  int64_t WaitMs(int64_t ms) const override { return ms < 1 ? ms : 1; }

 private:
  std::atomic<int64_t> now_ms_{1000};
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
