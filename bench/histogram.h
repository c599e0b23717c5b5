// Percentiles of round-trip times.

#ifndef WEFT_BENCH_HISTOGRAM_H_
#define WEFT_BENCH_HISTOGRAM_H_

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace weft::bench {

// Counts values in buckets whose width is at most a 64th of their value. Adding takes a few
// instructions and never allocates. Not thread-safe.
class Histogram {
 public:
  void Add(uint64_t value) {
    ++counts_[Bucket(value)];
    ++total_;
  }

  // The smallest value such that `share` (0 to 1) of all values are in its bucket or below; 0 if
  // there are none.
  uint64_t Percentile(double share) const {
    if (total_ == 0) return 0;
    const uint64_t rank = std::max<uint64_t>(1, std::ceil(share * total_));
    uint64_t seen = 0;
    size_t bucket = 0;
    while ((seen += counts_[bucket]) < rank) ++bucket;
    return Smallest(bucket);
  }

 private:
  // Below 2 * kSteps one bucket per value; above, kSteps buckets per power of two.
  static constexpr int kStepBits = 6;
  static constexpr uint64_t kSteps = 1 << kStepBits;

  static size_t Bucket(uint64_t value) {
    const int shift = std::max(0, static_cast<int>(std::bit_width(value)) - kStepBits - 1);
    return shift * kSteps + (value >> shift);
  }

  static uint64_t Smallest(size_t bucket) {
    const uint64_t shift = bucket < 2 * kSteps ? 0 : bucket / kSteps - 1;
    return (bucket - shift * kSteps) << shift;
  }

  std::array<uint64_t, (64 - kStepBits + 1) * kSteps> counts_{};
  uint64_t total_ = 0;
};

}  // namespace weft::bench

#endif  // WEFT_BENCH_HISTOGRAM_H_
