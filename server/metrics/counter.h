// A number that one thread counts up and others look at.

#ifndef WEFT_SERVER_METRICS_COUNTER_H_
#define WEFT_SERVER_METRICS_COUNTER_H_

#include <atomic>
#include <cstdint>

namespace weft {

// Adding is for one thread, and costs what it costs for a plain integer: no locked instruction. Any
// thread may read; several counters read one after the other are not of one moment.
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

#endif  // WEFT_SERVER_METRICS_COUNTER_H_
