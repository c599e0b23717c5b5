#include "weft/bench/engine/histogram.h"

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
    histogram.Add(UINT64_MAX);
    EXPECT_GE(histogram.Percentile(0.5), value);
    EXPECT_LE(histogram.Percentile(0.5), value + value / 64);
    EXPECT_EQ(histogram.Percentile(0.51), UINT64_MAX);
  }
}

TEST(HistogramTest, RareSlowOnesShowInTheTailOnly) {
  Histogram histogram;
  for (int i = 0; i < 998; ++i) histogram.Add(10);
  histogram.Add(1 << 20);
  histogram.Add(1 << 20);
  EXPECT_EQ(histogram.Percentile(0.99), 10u);
  EXPECT_EQ(histogram.Percentile(0.999), 1u << 20);
}

TEST(HistogramTest, AShareThatWasRoundedUpIsTheSameShare) {
  Histogram histogram;
  for (int i = 0; i < 999; ++i) histogram.Add(10);
  histogram.Add(1 << 20);
  EXPECT_GT(99.9 / 100, 0.999);
  EXPECT_EQ(histogram.Percentile(99.9 / 100), 10u);
  EXPECT_EQ(histogram.Percentile(0.999), 10u);
  EXPECT_EQ(histogram.Percentile(0.9991), 1u << 20);
}

TEST(HistogramTest, TheLargestIsExactAndNoPercentileIsAboveIt) {
  Histogram histogram, other;
  histogram.Add(20100000);
  histogram.Add(20100000);
  EXPECT_EQ(histogram.Percentile(1), 20100000u);
  EXPECT_EQ(histogram.Percentile(0.5), 20100000u);
  EXPECT_EQ(histogram.Mean(), 20100000);
  other.Add(30100001);
  histogram.Add(other);
  EXPECT_EQ(histogram.Percentile(1), 30100001u);
  // Below the largest it is known to a 64th, and never reported as less.
  EXPECT_GE(histogram.Percentile(0.5), 20100000u);
  EXPECT_LE(histogram.Percentile(0.5), 20100000u + 20100000u / 64);
}

TEST(HistogramTest, TheSumDoesNotWrap) {
  Histogram histogram;
  for (int i = 0; i < 4; ++i) histogram.Add(UINT64_MAX / 2);
  EXPECT_NEAR(histogram.Mean(), 0x1p63, 1e6);
}

TEST(HistogramTest, TwoAreAddedUp) {
  Histogram one, other;
  one.Add(10);
  other.Add(20);
  other.Add(60);
  one.Add(other);
  EXPECT_EQ(one.total(), 3u);
  EXPECT_EQ(one.Mean(), 30);
  EXPECT_EQ(one.Percentile(1), 60u);
  EXPECT_EQ(Histogram().Mean(), 0);
}

TEST(HistogramTest, CountsBelowABound) {
  Histogram histogram;
  for (const uint64_t value : {1, 5, 5, 9, 1000000}) histogram.Add(value);
  EXPECT_EQ(histogram.CountBelow(0), 0u);
  EXPECT_EQ(histogram.CountBelow(1), 0u);
  EXPECT_EQ(histogram.CountBelow(5), 1u);
  EXPECT_EQ(histogram.CountBelow(6), 3u);
  EXPECT_EQ(histogram.CountBelow(1 << 30), 5u);
}

}  // namespace
}  // namespace weft::bench
