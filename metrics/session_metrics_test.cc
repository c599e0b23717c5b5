#include "weft/metrics/session_metrics.h"

#include <set>
#include <string>

#include "gtest/gtest.h"
#include "weft/core/frame/close_code.h"
#include "weft/metrics/time_histogram.h"
#include "weft/sending/send_counters.h"

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

TEST(SessionMetricsTest, EveryCloseCodeHasASlot) {
  EXPECT_EQ(CloseSlotOf(CloseCode::kNormal), 0u);
  EXPECT_EQ(CloseSlotOf(CloseCode::kTlsHandshake), 15u);
  EXPECT_EQ(CloseSlotOf(CloseCode{3999}), 16u);
  EXPECT_EQ(CloseSlotOf(CloseCode{4000}), 17u);
  EXPECT_EQ(CloseSlotOf(CloseCode{65535}), 17u);
  EXPECT_EQ(CloseSlotOf(CloseCode{1016}), 6u);  // not allowed on the wire: counted like no code
  EXPECT_EQ(CloseSlotOf(CloseCode{0}), 6u);
}

TEST(SessionMetricsTest, EveryReasonHasANameOfItsOwn) {
  std::set<std::string> names;
  for (size_t i = 0; i < kDropReasons; ++i) names.emplace(NameOf(static_cast<DropReason>(i)));
  EXPECT_EQ(names.size(), kDropReasons);
  EXPECT_EQ(names.count(""), 0u);
}

TEST(SessionMetricsTest, CountsEndsByCauseAndCode) {
  SessionMetricsOf<uint64_t> metrics;
  metrics.sessions_opened = 5;
  metrics.CountClose({.code = CloseCode::kNormal, .by = ClosedBy::kPeer});
  metrics.CountClose({.code = CloseCode::kNormal, .by = ClosedBy::kApplication});
  metrics.CountClose({.code = CloseCode::kAbnormal, .by = ClosedBy::kLost});
  EXPECT_EQ(metrics.sessions(), 2u);
  EXPECT_EQ(metrics.closes_with(CloseCode::kNormal), 2u);
  PrometheusWriter out;
  WriteSessionMetrics("weft_x_", metrics, &out);
  EXPECT_TRUE(out.status().ok()) << out.status();
  const std::string text = out.text();
  EXPECT_NE(text.find("\nweft_x_sessions 2\n"), std::string::npos) << text;
  EXPECT_NE(text.find("\nweft_x_closes_total{by=\"peer\",code=\"1000\"} 1\n"
                      "weft_x_closes_total{by=\"application\",code=\"1000\"} 1\n"
                      "weft_x_closes_total{by=\"lost\",code=\"1006\"} 1\n"),
            std::string::npos)
      << text;
}

}  // namespace
}  // namespace weft
