// Durations, counted in a few buckets.

#ifndef WEFT_METRICS_TIME_HISTOGRAM_H_
#define WEFT_METRICS_TIME_HISTOGRAM_H_

#include <array>
#include <cstddef>
#include <cstdint>

namespace weft {

// Counts durations in whole milliseconds in buckets with round bounds: 1, 2, 5, 10 and so on.
// `Number` is uint64_t, or a Counter if another thread reads. (The load generator of bench/ has its
// own histogram: it needs percentiles within 2 %, and a thousand buckets for that.)
template <typename Number>
struct TimeHistogram {
  // A duration is in the first bucket whose bound is not less; the last bucket has no bound.
  static constexpr std::array<int64_t, 16> kBoundsMs = {
      1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 30000, 60000};

  void Add(int64_t ms) {
    size_t bucket = 0;
    while (bucket < kBoundsMs.size() && ms > kBoundsMs[bucket]) ++bucket;
    counts[bucket] += 1;
    sum_ms += ms;
  }

  template <typename Other>
  void Add(const TimeHistogram<Other>& other) {
    for (size_t i = 0; i < counts.size(); ++i) counts[i] += other.counts[i];
    sum_ms += other.sum_ms;
  }

  uint64_t count() const {
    uint64_t sum = 0;
    for (const Number& number : counts) sum += number;
    return sum;
  }

  std::array<Number, kBoundsMs.size() + 1> counts{};
  Number sum_ms{};
};

}  // namespace weft

#endif  // WEFT_METRICS_TIME_HISTOGRAM_H_
