#include "tools/weft/bench/figures.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "absl/strings/str_format.h"

namespace weft::cli {
namespace {

constexpr uint64_t kMaxBar = 40;

// 1, 2, 5, 10, 20, 50, ... from a microsecond on.
uint64_t NextBound(uint64_t bound) {
  uint64_t power = 1;
  while (bound / power >= 10) power *= 10;
  return bound / power == 2 ? bound / 2 * 5 : bound * 2;
}

// A bound without needless digits: "20 ms".
std::string DescribeBound(uint64_t bound) {
  if (bound < 1000000) return absl::StrFormat("%d us", bound / 1000);
  if (bound < 1000000000) return absl::StrFormat("%d ms", bound / 1000000);
  return absl::StrFormat("%d s", bound / 1000000000);
}

}  // namespace

std::string Grouped(uint64_t number) {
  std::string text = absl::StrFormat("%d", number);
  for (size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, 1, ',');
  return text;
}

std::string DescribeTime(double nanoseconds) {
  const bool us = nanoseconds < 999.5e3;
  const bool ms = !us && nanoseconds < 999.5e6;
  const double value = nanoseconds / (us ? 1e3 : ms ? 1e6 : 1e9);
  const int digits = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
  return absl::StrFormat("%.*f %s", digits, value, us ? "us" : ms ? "ms" : "s");
}

std::string Bars(const bench::Histogram& round_trips) {
  struct Row {
    uint64_t bound;
    uint64_t count;
  };
  std::vector<Row> rows;
  uint64_t below = 0, most = 0;
  for (uint64_t bound = 1000; below < round_trips.total(); bound = NextBound(bound)) {
    const uint64_t up_to = round_trips.CountBelow(bound + 1);
    if (up_to > 0) rows.push_back({bound, up_to - below});
    most = std::max(most, up_to - below);
    below = up_to;
  }
  std::string text;
  for (const Row& row : rows) {
    // Few are not none.
    const uint64_t length = (row.count * kMaxBar + most - 1) / most;
    absl::StrAppendFormat(&text, "  up to %6s %15s%s%s\n", DescribeBound(row.bound),
                          Grouped(row.count), length > 0 ? "  " : "", std::string(length, '#'));
  }
  return text;
}

}  // namespace weft::cli
