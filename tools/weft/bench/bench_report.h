// The output of `weft bench`.

#ifndef TOOLS_WEFT_BENCH_BENCH_REPORT_H_
#define TOOLS_WEFT_BENCH_BENCH_REPORT_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "tools/weft/bench/bench_options.h"
#include "tools/weft/bench/condition.h"
#include "weft/bench/engine/load_run.h"

namespace weft::cli {

// The measurement of one server.
struct BenchSide {
  std::string url{};
  std::vector<bench::LoadResult> rounds{};  // one, unless two servers are compared

  bench::LoadResult Total() const;
};

double RateOf(const bench::LoadResult& result);  // messages per second

// Of the first server's rounds to the other's.
struct Ratio {
  double median = 0;
  double smallest = 0;
  double largest = 0;
};

// Of a figure of a round; rounds in which the other server's is 0 are left out. Nullopt if that is
// each of them.
std::optional<Ratio> RatioOf(const BenchSide& first, const BenchSide& other,
                             double (*figure)(const bench::LoadResult&));

// The figures for conditions: those of the first server, but the errors of both.
BenchFigures FiguresOf(const std::vector<BenchSide>& sides);

// For people: one server with its round trips, or two side by side. `sides` has one or two, each
// with at least one round.
std::string BenchText(const BenchOptions& options, const std::vector<BenchSide>& sides);

// A JSON object in a line, with a newline. `holding` are the conditions that hold.
std::string BenchJson(const BenchOptions& options, const std::vector<BenchSide>& sides,
                      const std::vector<std::string>& holding, bool interrupted);

// The progress line, without a newline.
std::string ProgressText(const bench::LoadProgress& progress, absl::Duration duration,
                         size_t connections);

}  // namespace weft::cli

#endif  // TOOLS_WEFT_BENCH_BENCH_REPORT_H_
