// A memory limit that several threads share, and how a thread waits for memory.

#ifndef WEFT_LOOP_BUDGET_H_
#define WEFT_LOOP_BUDGET_H_

#include <atomic>
#include <cstddef>
#include <limits>
#include <utility>

#include "weft/loop/waiters.h"

namespace weft {

// A number of bytes with a limit. Any thread takes bytes and returns them; returning wakes the
// threads that wait in waiters(). A refused request changes nothing, not even temporarily, so it
// cannot make another one fail. Thread-safe.
//
//   if (!budget.Take(bytes)) return absl::ResourceExhaustedError("...");
//   ...
//   budget.Return(bytes);
class Budget {
 public:
  explicit Budget(size_t limit = std::numeric_limits<size_t>::max())
      : limit_(limit), most_taken_(limit) {}
  Budget(const Budget&) = delete;
  Budget& operator=(const Budget&) = delete;

  // Call it before other threads use the budget. Take() leaves `headroom` bytes of the limit for
  // Add().
  void set_limit(size_t limit, size_t headroom = 0) {
    limit_ = limit;
    most_taken_ = limit - headroom;
  }

  // Takes `bytes` if that many are available; otherwise takes nothing and returns false.
  bool Take(size_t bytes) {
    size_t taken = taken_.load(std::memory_order_relaxed);
    do {
      if (!Fits(taken, bytes)) return false;
    } while (!taken_.compare_exchange_weak(taken, taken + bytes));
    return true;
  }

  // Counts `bytes` that are in use even if they exceed the limit. Returns false if they do.
  bool Add(size_t bytes) { return taken_.fetch_add(bytes) + bytes <= limit_; }

  void Return(size_t bytes) {
    taken_.fetch_sub(bytes);
    waiters_.Wake();
  }

  // Whether Take(bytes) would succeed now.
  bool HasRoom(size_t bytes) const { return Fits(taken_.load(), bytes); }

  // The largest number that Take() can grant, when nothing is taken.
  size_t most_taken() const { return most_taken_; }
  size_t taken() const { return taken_.load(std::memory_order_relaxed); }

  Waiters& waiters() { return waiters_; }

 private:
  bool Fits(size_t taken, size_t bytes) const {
    return taken <= most_taken_ && bytes <= most_taken_ - taken;
  }

  size_t limit_;
  size_t most_taken_;
  std::atomic<size_t> taken_{0};
  Waiters waiters_;
};

// A share of a budget, which the destructor returns. The budget must outlive it.
class Reservation {
 public:
  // `bytes` must already have been taken from `budget`.
  Reservation(Budget* budget, size_t bytes) : budget_(budget), bytes_(bytes) {}
  Reservation(Reservation&& other) noexcept
      : budget_(other.budget_), bytes_(std::exchange(other.bytes_, 0)) {}
  Reservation& operator=(Reservation&&) = delete;
  ~Reservation() {
    if (bytes_ > 0) budget_->Return(bytes_);
  }

 private:
  Budget* const budget_;
  size_t bytes_;
};

}  // namespace weft

#endif  // WEFT_LOOP_BUDGET_H_
