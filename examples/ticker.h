// A thread that calls a function periodically.

#ifndef WEFT_EXAMPLES_TICKER_H_
#define WEFT_EXAMPLES_TICKER_H_

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <thread>
#include <utility>

namespace examples {

// Calls `tick` on its own thread, from the constructor until the destructor's end. Missed ticks, as
// on a machine that slept, are not repeated.
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
  std::thread thread_;  // last member: it uses the others
};

}  // namespace examples

#endif  // WEFT_EXAMPLES_TICKER_H_
