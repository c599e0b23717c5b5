// Percentiles of round-trip times.

#ifndef WEFT_BENCH_ENGINE_HISTOGRAM_H_
#define WEFT_BENCH_ENGINE_HISTOGRAM_H_

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>

namespace weft::bench {

// Counts values in buckets whose width is at most a 64th of their value. Adding takes a few
// instructions and never allocates. Not thread-safe.
class Histogram {
 public:
  void Add(uint64_t value) {
    ++counts_[Bucket(value)];
    ++total_;
    sum_ += static_cast<double>(value);
    largest_ = std::max(largest_, value);
  }

  void Add(const Histogram& other) {
    for (size_t bucket = 0; bucket < counts_.size(); ++bucket) {
      counts_[bucket] += other.counts_[bucket];
    }
    total_ += other.total_;
    sum_ += other.sum_;
    largest_ = std::max(largest_, other.largest_);
  }

  uint64_t total() const { return total_; }
  double Mean() const { return total_ == 0 ? 0 : sum_ / total_; }

  // The number of values in the buckets that begin below `bound`.
  uint64_t CountBelow(uint64_t bound) const {
    if (bound == 0) return 0;
    return std::accumulate(counts_.begin(), counts_.begin() + Bucket(bound - 1) + 1, uint64_t{0});
  }

  // A value such that `share` (0 to 1) of all values are at most this one: the smallest such value,
  // or up to a 64th more, but never more than the largest value, which is exact. 0 if there are no
  // values.
  uint64_t Percentile(double share) const {
    if (share >= 1 || total_ == 0) return largest_;
    // A share such as 99.9 / 100 may be rounded up, and must not ask for one value more.
    constexpr double kRounding = 1 - 1e-12;
    const uint64_t rank = std::max<uint64_t>(1, std::ceil(share * total_ * kRounding));
    uint64_t seen = 0;
    size_t bucket = 0;
    while ((seen += counts_[bucket]) < rank) ++bucket;
    return std::min(Largest(bucket), largest_);
  }

 private:
  // Below 2 * kSteps one bucket per value; above, kSteps buckets per power of two.
  static constexpr int kStepBits = 6;
  static constexpr uint64_t kSteps = 1 << kStepBits;

  static size_t Bucket(uint64_t value) {
    const int shift = std::max(0, static_cast<int>(std::bit_width(value)) - kStepBits - 1);
    return shift * kSteps + (value >> shift);
  }

  static uint64_t Largest(size_t bucket) {
    const uint64_t shift = bucket < 2 * kSteps ? 0 : bucket / kSteps - 1;
    return ((bucket - shift * kSteps + 1) << shift) - 1;
  }

  std::array<uint64_t, (64 - kStepBits + 1) * kSteps> counts_{};
  uint64_t total_ = 0;
  uint64_t largest_ = 0;
  double sum_ = 0;  // nanoseconds of long waits would not fit 64 bits
};

}  // namespace weft::bench

#endif  // WEFT_BENCH_ENGINE_HISTOGRAM_H_
