#include "weft/client/connecting/backoff.h"

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace weft {
namespace {

using ::testing::ElementsAre;

constexpr BackoffOptions kOptions = {.first = absl::Seconds(1),
                                     .longest = absl::Seconds(10),
                                     .reset_after = absl::Seconds(30),
                                     .longest_asked = absl::Hours(1)};

double Half() { return 0.5; }
double None() { return 0; }
double Almost() { return 1 - 1e-9; }

std::vector<int64_t> Milliseconds(Backoff& backoff, int count) {
  std::vector<int64_t> waits;
  for (int i = 0; i < count; ++i) waits.push_back(absl::ToInt64Milliseconds(backoff.Next()));
  return waits;
}

TEST(BackoffTest, TheLimitDoublesUpToTheLongest) {
  Backoff backoff(kOptions, Half);
  EXPECT_THAT(Milliseconds(backoff, 6), ElementsAre(500, 1000, 2000, 4000, 5000, 5000));
}

// Full jitter: from 0, and never more than the limit, however often it is called.
TEST(BackoffTest, EachWaitIsRandomInTheWholeRange) {
  Backoff none(kOptions, None);
  EXPECT_THAT(Milliseconds(none, 3), ElementsAre(0, 0, 0));
  Backoff almost(kOptions, Almost);
  for (int i = 0; i < 5000; ++i) EXPECT_LT(almost.Next(), kOptions.longest);
  EXPECT_GT(almost.Next(), 0.99 * kOptions.longest);
}

TEST(BackoffTest, EachWaitIsDrawnAnew) {
  double next = 0;
  Backoff backoff(kOptions, [&next] { return next += 0.25; });
  EXPECT_THAT(Milliseconds(backoff, 3), ElementsAre(250, 1000, 3000));
}

// pladaria/reconnecting-websocket#200: a connection that fails at once must not reset the waits.
TEST(BackoffTest, OnlyAConnectionThatHeldBeginsAnew) {
  Backoff backoff(kOptions, Half);
  EXPECT_THAT(Milliseconds(backoff, 2), ElementsAre(500, 1000));
  EXPECT_FALSE(backoff.Held(absl::Seconds(29)));
  EXPECT_THAT(Milliseconds(backoff, 1), ElementsAre(2000));
  EXPECT_TRUE(backoff.Held(absl::Seconds(30)));
  EXPECT_THAT(Milliseconds(backoff, 2), ElementsAre(500, 1000));
}

TEST(BackoffTest, WhatAServerAsksForIsTheLeast) {
  Backoff none(kOptions, None);
  EXPECT_EQ(none.Next({.at_least = absl::Seconds(120)}), absl::Seconds(120));
  Backoff half(kOptions, Half);
  EXPECT_EQ(half.Next({.at_least = absl::Seconds(120)}), absl::Seconds(120.5));
  EXPECT_EQ(half.Next({.at_least = absl::Seconds(120)}), absl::Seconds(121));
  EXPECT_EQ(half.Next({.at_least = absl::Seconds(5), .spread = absl::Seconds(20)}),
            absl::Seconds(15));
  EXPECT_EQ(half.Next(), absl::Seconds(4));  // the fourth
}

TEST(BackoffTest, AServerCannotAskForEver) {
  Backoff backoff(kOptions, None);
  EXPECT_EQ(backoff.Next({.at_least = absl::Hours(24 * 365)}), absl::Hours(1));
  EXPECT_EQ(backoff.Next({.at_least = absl::InfiniteDuration()}), absl::Hours(1));
}

TEST(BackoffTest, AFirstOverTheLongestIsTheLongest) {
  BackoffOptions options = kOptions;
  options.first = absl::Minutes(1);
  Backoff backoff(options, Half);
  EXPECT_THAT(Milliseconds(backoff, 2), ElementsAre(5000, 5000));
}

TEST(BackoffTest, TimesThatWouldNotWaitOrNotEndAreRefused) {
  EXPECT_TRUE(CheckBackoff(kOptions).ok());
  for (const absl::Duration bad :
       {absl::ZeroDuration(), absl::Seconds(-1), absl::InfiniteDuration()}) {
    BackoffOptions options = kOptions;
    options.first = bad;
    EXPECT_TRUE(absl::IsInvalidArgument(CheckBackoff(options)));
    options = kOptions;
    options.longest = bad;
    EXPECT_TRUE(absl::IsInvalidArgument(CheckBackoff(options)));
  }
}

}  // namespace
}  // namespace weft
