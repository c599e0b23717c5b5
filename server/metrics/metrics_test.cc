#include "weft/server/metrics/metrics.h"

#include <set>
#include <string>

#include "gtest/gtest.h"
#include "weft/core/frame/close_code.h"

namespace weft {
namespace {

TEST(TimeHistogramTest, ATimeIsInTheFirstBucketThatHoldsIt) {
  TimeHistogram<uint64_t> histogram;
  for (const int64_t ms : {0, 1, 2, 3, 60000, 60001}) histogram.Add(ms);
  EXPECT_EQ(histogram.counts[0], 2u);   // 0 and 1 ms
  EXPECT_EQ(histogram.counts[1], 1u);   // 2 ms
  EXPECT_EQ(histogram.counts[2], 1u);   // up to 5 ms
  EXPECT_EQ(histogram.counts[15], 1u);  // up to a minute
  EXPECT_EQ(histogram.counts[16], 1u);  // longer
  EXPECT_EQ(histogram.count(), 6u);
  EXPECT_EQ(histogram.sum_ms, 120007u);
}

TEST(MetricsTest, EveryCloseCodeHasASlot) {
  EXPECT_EQ(CloseSlotOf(CloseCode::kNormal), 0u);
  EXPECT_EQ(CloseSlotOf(CloseCode::kTlsHandshake), 15u);
  EXPECT_EQ(CloseSlotOf(CloseCode{3999}), 16u);
  EXPECT_EQ(CloseSlotOf(CloseCode{4000}), 17u);
  EXPECT_EQ(CloseSlotOf(CloseCode{65535}), 17u);
  EXPECT_EQ(CloseSlotOf(CloseCode{1016}), 6u);  // not allowed on the wire: counted like no code
  EXPECT_EQ(CloseSlotOf(CloseCode{0}), 6u);
}

TEST(MetricsTest, EveryReasonHasANameOfItsOwn) {
  std::set<std::string> names;
  for (size_t i = 0; i < kHandshakeFailures; ++i) {
    names.emplace(NameOf(static_cast<HandshakeFailure>(i)));
  }
  EXPECT_EQ(names.size(), kHandshakeFailures);
  EXPECT_EQ(names.count(""), 0u);
  names.clear();
  for (size_t i = 0; i < kDropReasons; ++i) names.emplace(NameOf(static_cast<DropReason>(i)));
  EXPECT_EQ(names.size(), kDropReasons);
  EXPECT_EQ(names.count(""), 0u);
}

TEST(MetricsTest, LoopsAreSummed) {
  LoopMetrics a, b;
  a.sessions_opened += 5;
  b.sessions_opened += 2;
  b.closes[0][CloseSlotOf(CloseCode::kAbnormal)] += 3;
  a.round_trip.Add(30);
  b.round_trip.Add(4);
  a.buffered_bytes += 100;
  a.buffered_bytes -= 60;
  ServerMetrics sum;
  sum.Add(a);
  sum.Add(b);
  EXPECT_EQ(sum.sessions_opened, 7u);
  EXPECT_EQ(sum.sessions(), 4u);
  EXPECT_EQ(sum.round_trip.count(), 2u);
  EXPECT_EQ(sum.round_trip.sum_ms, 34u);
  EXPECT_EQ(sum.buffered_bytes, 40u);
}

}  // namespace
}  // namespace weft
