#include "weft/bench/engine/failure_counts.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/core/http/http_refusal.h"

namespace weft::bench {
namespace {

std::vector<std::string> Lines(const FailureCounts& counts) {
  std::vector<std::string> lines;
  for (const auto& [name, kind] : counts.kinds()) {
    lines.push_back(absl::StrCat(kind.count, " ", name, ": ", kind.example));
  }
  return lines;
}

TEST(FailureCountsTest, ByKindWithTheFirstError) {
  FailureCounts counts;
  EXPECT_EQ(counts.total(), 0u);
  counts.AddFailed(absl::AbortedError("1001"));
  counts.AddFailed(absl::AbortedError("1013"));
  counts.AddFailed(absl::DataLossError("a"));
  counts.AddFailed(absl::DeadlineExceededError("b"));
  counts.AddFailed(absl::UnavailableError("c"));
  counts.AddFailed(absl::InvalidArgumentError("d"));
  EXPECT_THAT(Lines(counts),
              testing::ElementsAre("2 closed by the server: 1001", "1 connection lost: c",
                                   "1 no echo: b", "1 protocol error: d", "1 wrong echo: a"));
  EXPECT_EQ(counts.total(), 6u);
}

TEST(FailureCountsTest, ConnectionsThatCouldNotBeOpened) {
  FailureCounts counts;
  counts.AddUnopened(absl::UnavailableError("Connection refused"));
  counts.AddUnopened(WithRefusal(absl::UnavailableError("full"), "HTTP/1.1 503 No\r\n\r\n", ""));
  EXPECT_THAT(Lines(counts), testing::ElementsAre("1 cannot connect: Connection refused",
                                                  "1 refused with HTTP 503: full"));
}

TEST(FailureCountsTest, TwoAreAddedUp) {
  FailureCounts one, other;
  one.AddFailed(absl::AbortedError("first"));
  other.AddFailed(absl::AbortedError("second"));
  other.AddFailed(absl::DataLossError("third"));
  one.Add(other);
  EXPECT_THAT(Lines(one),
              testing::ElementsAre("2 closed by the server: first", "1 wrong echo: third"));
}

}  // namespace
}  // namespace weft::bench
