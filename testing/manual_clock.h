// A clock for tests.

#ifndef WEFT_TESTING_MANUAL_CLOCK_H_
#define WEFT_TESTING_MANUAL_CLOCK_H_

#include <atomic>
#include <cstdint>

#include "weft/loop/clock.h"

namespace weft::testing {

// Time passes only by AdvanceMs: the time of a server (ServerForTests::clock), and of a Wire.
// Callable from any thread.
class ManualClock : public Clock {
 public:
  int64_t NowMs() const override { return now_ms_; }
  void AdvanceMs(int64_t ms) { now_ms_ += ms; }

  // A loop that waits for this clock must check it often.
  int64_t WaitMs(int64_t ms) const override { return ms < 1 ? ms : 1; }

 private:
  std::atomic<int64_t> now_ms_{1000};
};

}  // namespace weft::testing

#endif  // WEFT_TESTING_MANUAL_CLOCK_H_
