// Figures as text.

#ifndef TOOLS_WEFT_BENCH_FIGURES_H_
#define TOOLS_WEFT_BENCH_FIGURES_H_

#include <cstdint>
#include <string>

#include "weft/bench/engine/histogram.h"

namespace weft::cli {

// 1234567 as "1,234,567".
std::string Grouped(uint64_t number);

// Nanoseconds with three digits: "52.1 us", "1.62 ms", "24.1 ms", "3.05 s".
std::string DescribeTime(double nanoseconds);

// Lines with the number of round trips up to 1, 2 and 5 times each power of ten, and bars of at
// most 40 characters. Empty without round trips.
std::string Bars(const bench::Histogram& round_trips);

}  // namespace weft::cli

#endif  // TOOLS_WEFT_BENCH_FIGURES_H_
