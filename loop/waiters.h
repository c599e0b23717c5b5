// How a thread waits for a change that another thread makes.

#ifndef WEFT_LOOP_WAITERS_H_
#define WEFT_LOOP_WAITERS_H_

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>

#include "absl/time/time.h"
#include "weft/transport/deadline.h"

namespace weft {

// A condition variable that costs one atomic load if no thread waits. Thread-safe.
class Waiters {
 public:
  // Blocks until `ready()` is true; returns false if the deadline passes first. `ready` reads
  // atomic values, and Wake() must follow each change that may make it true.
  template <typename Ready>
  bool Wait(Deadline deadline, Ready ready) {
    std::unique_lock<std::mutex> lock(mutex_);
    ++count_;
    bool is_ready;
    while (!(is_ready = ready()) && !deadline.HasPassed()) {
      const absl::Duration remaining = std::min(deadline.Remaining(), absl::Hours(1));
      // Rounded up: a wait of less than a millisecond must not spin.
      changed_.wait_for(lock, absl::ToChronoMilliseconds(remaining + absl::Milliseconds(1)));
    }
    --count_;
    return is_ready;
  }

  void Wake() {
    if (count_.load() > 0) WakeAll();
  }

  // The number of threads in Wait().
  int count() const { return count_.load(); }

 private:
  void WakeAll() {
    // Taking the lock ensures that every waiter is either asleep, and will be notified, or has yet
    // to check the new values.
    { const std::lock_guard<std::mutex> lock(mutex_); }
    changed_.notify_all();
  }

  std::atomic<int> count_{0};
  std::mutex mutex_;
  std::condition_variable changed_;
};

}  // namespace weft

#endif  // WEFT_LOOP_WAITERS_H_
