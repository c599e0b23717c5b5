// A thread that does something every so often.

#ifndef WEFT_EXAMPLES_CURSORS_TICKER_H_
#define WEFT_EXAMPLES_CURSORS_TICKER_H_

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <thread>
#include <utility>

namespace weft::cursors {

// Calls `tick` on a thread of its own, from the constructor on until the destructor's end. A tick
// that was missed, as on a machine that slept, is not made up for.
class Ticker {
 public:
  using Clock = std::chrono::steady_clock;

  Ticker(int per_second, std::function<void()> tick)
      : every_(std::chrono::duration_cast<Clock::duration>(std::chrono::seconds(1)) / per_second),
        tick_(std::move(tick)),
        thread_([this] { Run(); }) {}
  ~Ticker() {
    stop_ = true;
    thread_.join();
  }

 private:
  void Run() {
    for (Clock::time_point next = Clock::now(); !stop_;
         next = std::max(next + every_, Clock::now())) {
      std::this_thread::sleep_until(next);
      tick_();
    }
  }

  const Clock::duration every_;
  const std::function<void()> tick_;
  std::atomic<bool> stop_{false};
  std::thread thread_;  // last: it uses the others
};

}  // namespace weft::cursors

#endif  // WEFT_EXAMPLES_CURSORS_TICKER_H_
