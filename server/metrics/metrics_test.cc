#include "weft/server/metrics/metrics.h"

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "weft/core/frame/close_code.h"
#include "weft/server/metrics/prometheus.h"

namespace weft {
namespace {

TEST(MetricsTest, EveryReasonHasANameOfItsOwn) {
  std::set<std::string> names;
  for (size_t i = 0; i < kHandshakeFailures; ++i) {
    names.emplace(NameOf(static_cast<HandshakeFailure>(i)));
  }
  EXPECT_EQ(names.size(), kHandshakeFailures);
  EXPECT_EQ(names.count(""), 0u);
}

TEST(MetricsTest, LoopsAreSummed) {
  // Not on the stack: g++ 12 does not align it enough under AddressSanitizer.
  const auto a = std::make_unique<LoopMetrics>(), b = std::make_unique<LoopMetrics>();
  a->sessions_opened += 5;
  b->sessions_opened += 2;
  b->closes[0][CloseSlotOf(CloseCode::kAbnormal)] += 3;
  a->round_trip.Add(30);
  b->round_trip.Add(4);
  a->buffered_bytes += 100;
  a->buffered_bytes -= 60;
  ServerMetrics sum;
  sum.Add(*a);
  sum.Add(*b);
  EXPECT_EQ(sum.sessions_opened, 7u);
  EXPECT_EQ(sum.sessions(), 4u);
  EXPECT_EQ(sum.round_trip.count(), 2u);
  EXPECT_EQ(sum.round_trip.sum_ms, 34u);
  EXPECT_EQ(sum.buffered_bytes, 40u);
}

// The format requires HELP and TYPE once before each family, and a family's samples together.
TEST(MetricsTest, EachFamilyIsAnnouncedOnceAndStandsTogether) {
  PrometheusWriter out;
  WriteMetrics(ServerMetrics(), &out);
  EXPECT_TRUE(out.status().ok()) << out.status();
  const std::string text = out.text();
  std::set<std::string> families;
  std::string family;
  for (const absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    const std::vector<absl::string_view> words = absl::StrSplit(line, ' ');
    if (words[1] == "HELP") {
      family = std::string(words[2]);
      EXPECT_TRUE(families.insert(family).second) << line;
    } else if (words[1] == "TYPE") {
      EXPECT_EQ(words[2], family);
    } else {
      EXPECT_TRUE(absl::StartsWith(line, family)) << line;
      EXPECT_EQ(words.size(), 2u) << line;
    }
  }
  EXPECT_GT(families.size(), 10u);
}

}  // namespace
}  // namespace weft
