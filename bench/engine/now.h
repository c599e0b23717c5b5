#ifndef WEFT_BENCH_ENGINE_NOW_H_
#define WEFT_BENCH_ENGINE_NOW_H_

#include <time.h>

#include <cstdint>

namespace weft::bench {

// The monotonic clock in nanoseconds.
inline int64_t Now() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * int64_t{1000000000} + now.tv_nsec;
}

}  // namespace weft::bench

#endif  // WEFT_BENCH_ENGINE_NOW_H_
