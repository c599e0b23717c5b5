#include "weft/bench/histogram.h"

#include <cstdint>

#include "gtest/gtest.h"

namespace weft::bench {
namespace {

TEST(HistogramTest, NoValuesNoPercentile) { EXPECT_EQ(Histogram().Percentile(0.5), 0u); }

TEST(HistogramTest, SmallValuesAreExact) {
  Histogram histogram;
  for (uint64_t value = 1; value <= 100; ++value) histogram.Add(value);
  EXPECT_EQ(histogram.Percentile(0), 1u);
  EXPECT_EQ(histogram.Percentile(0.5), 50u);
  EXPECT_EQ(histogram.Percentile(0.99), 99u);
  EXPECT_EQ(histogram.Percentile(1), 100u);
}

TEST(HistogramTest, EveryValueIsFoundAgainToA64thPart) {
  for (uint64_t value = 1; value < UINT64_MAX / 3; value = value * 3 / 2 + 1) {
    Histogram histogram;
    histogram.Add(value);
    EXPECT_LE(histogram.Percentile(0.5), value);
    EXPECT_GE(histogram.Percentile(0.5), value - value / 64);
  }
  Histogram histogram;
  histogram.Add(UINT64_MAX);
  EXPECT_GE(histogram.Percentile(0.5), UINT64_MAX - UINT64_MAX / 64);
}

TEST(HistogramTest, RareSlowOnesShowInTheTailOnly) {
  Histogram histogram;
  for (int i = 0; i < 998; ++i) histogram.Add(10);
  histogram.Add(1 << 20);
  histogram.Add(1 << 20);
  EXPECT_EQ(histogram.Percentile(0.99), 10u);
  EXPECT_EQ(histogram.Percentile(0.999), 1u << 20);
}

}  // namespace
}  // namespace weft::bench
