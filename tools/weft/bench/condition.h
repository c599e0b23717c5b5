// The conditions of `weft bench --fail-if`.

#ifndef TOOLS_WEFT_BENCH_CONDITION_H_
#define TOOLS_WEFT_BENCH_CONDITION_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "weft/bench/engine/histogram.h"

namespace weft::cli {

// The figures that conditions are about.
struct BenchFigures {
  double rate = 0;                 // messages per second
  uint64_t errors = 0;             // of both servers: a ratio to one that failed is worth nothing
  bench::Histogram round_trips{};  // nanoseconds
  // Of the rate to that of --compare; none: that server echoed nothing.
  std::optional<double> ratio{};
};

// A figure, compared with a value: "p99>20ms", "rate < 5000".
class Condition {
 public:
  enum class Figure { kRate, kErrors, kMean, kMax, kPercentile, kRatio };

  // `FIGURE < VALUE`, with <, <=, > or >=, where FIGURE is rate, errors, ratio, mean, max, or a
  // percentile such as p99.9; the last three are compared with a duration. InvalidArgument says
  // which part is wrong.
  static absl::StatusOr<Condition> Parse(absl::string_view text);

  // Nullopt if it does not hold; otherwise a sentence: `p99>20ms: p99 is 31.2 ms`. A condition on
  // round trips holds if there were none, and one on the ratio if there is none.
  std::optional<std::string> Holds(const BenchFigures& figures) const;

  Figure figure() const { return figure_; }
  const std::string& text() const { return text_; }

 private:
  enum class Relation { kLess, kLessOrEqual, kMore, kMoreOrEqual };

  Condition() = default;

  absl::Status SetFigure(absl::string_view name);
  absl::Status SetValue(absl::string_view text);
  bool IsTime() const {
    return figure_ == Figure::kMean || figure_ == Figure::kMax || figure_ == Figure::kPercentile;
  }

  std::string text_;
  Figure figure_ = Figure::kRate;
  std::string name_;
  double share_ = 0;  // of a percentile, from 0 to 1
  Relation relation_ = Relation::kLess;
  double value_ = 0;  // nanoseconds for a time
};

}  // namespace weft::cli

#endif  // TOOLS_WEFT_BENCH_CONDITION_H_
