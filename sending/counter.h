// A counter with one writing thread and any number of readers.

#ifndef WEFT_SENDING_COUNTER_H_
#define WEFT_SENDING_COUNTER_H_

#include <atomic>
#include <cstdint>

namespace weft {

// Only one thread may add, at the cost of a plain integer: no locked instruction. Any thread may
// read; the values of several counters read one after the other are not from the same moment.
class Counter {
 public:
  Counter() = default;
  Counter(const Counter&) = delete;
  Counter& operator=(const Counter&) = delete;

  void operator+=(uint64_t n) {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  void operator-=(uint64_t n) { *this += -n; }

  operator uint64_t() const {  // NOLINT(google-explicit-constructor): it is a number
    return value_.load(std::memory_order_relaxed);
  }

 private:
  std::atomic<uint64_t> value_{0};
};

}  // namespace weft

#endif  // WEFT_SENDING_COUNTER_H_
