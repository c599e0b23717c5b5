#include "weft/server/limits/token_bucket.h"

#include <cstdint>

#include "gtest/gtest.h"

namespace weft {
namespace {

constexpr int64_t kMost = TokenBucket::kMost;

TEST(TokenBucketTest, TheBurstAndThenTheRate) {
  TokenBucket bucket(10, 3, 1000);
  EXPECT_EQ(bucket.Tokens(1000), 3);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(bucket.Take(1, 1000)) << i;
  EXPECT_EQ(bucket.Tokens(1000), 0);
  EXPECT_EQ(bucket.WaitMs(1000), 100);
  EXPECT_EQ(bucket.WaitMs(1099), 1);
  EXPECT_EQ(bucket.WaitMs(1100), 0);
  EXPECT_TRUE(bucket.Take(1, 1100));
  EXPECT_FALSE(bucket.Take(1, 1199));
}

TEST(TokenBucketTest, KeepsNoMoreThanTheBurst) {
  TokenBucket bucket(1000, 5, 0);
  EXPECT_TRUE(bucket.Take(5, 0));
  EXPECT_EQ(bucket.Tokens(1000000000), 5);
  EXPECT_FALSE(bucket.Take(6, 1000000000));
}

TEST(TokenBucketTest, WhatIsOwedIsWaitedFor) {
  TokenBucket bucket(1000, 100, 0);
  EXPECT_FALSE(bucket.Take(1100, 0));
  EXPECT_EQ(bucket.Tokens(0), 0);
  EXPECT_EQ(bucket.WaitMs(0), 1001);
  EXPECT_EQ(bucket.WaitMs(500), 501);
  EXPECT_FALSE(bucket.Take(1, 500));
  EXPECT_EQ(bucket.WaitMs(500), 502);
  EXPECT_EQ(bucket.Tokens(1001), 0);
  EXPECT_EQ(bucket.Tokens(1002), 1);
}

TEST(TokenBucketTest, TakingNothingAsksWhetherSomethingIsOwed) {
  TokenBucket bucket(1, 1, 0);
  EXPECT_TRUE(bucket.Take(1, 0));
  EXPECT_TRUE(bucket.Take(0, 0));
  EXPECT_FALSE(bucket.Take(1, 0));
  EXPECT_FALSE(bucket.Take(0, 999));
  EXPECT_TRUE(bucket.Take(0, 1000));
}

// Rates for which a millisecond adds no whole token, checked each millisecond and seldom: over ten
// minutes not one token is lost or gained.
TEST(TokenBucketTest, NothingIsRounded) {
  for (const int64_t per_second : {1, 3, 7, 999, 1001, 123457}) {
    for (const int64_t step : {1, 16, 977}) {
      TokenBucket bucket(per_second, 2 * per_second, 0);  // room for a step
      int64_t taken = 0, now = 0;
      for (; now < 600 * 1000; now += step) {
        for (int64_t there = bucket.Tokens(now); there > 0; taken += there, there = 0) {
          EXPECT_TRUE(bucket.Take(there, now));
        }
      }
      EXPECT_EQ(taken, 2 * per_second + (now - step) * per_second / 1000) << per_second;
    }
  }
}

TEST(TokenBucketTest, TheWaitIsExact) {
  for (const int64_t per_second : {int64_t{1}, int64_t{7}, int64_t{1000}, int64_t{1001}, kMost}) {
    for (const int64_t count : {1, 2, 3, 1000, 1000000}) {
      TokenBucket bucket(per_second, 1, 5);
      bucket.Take(count, 5);
      const int64_t wait = bucket.WaitMs(5);
      ASSERT_GT(wait, 0);
      EXPECT_EQ(bucket.Tokens(5 + wait - 1), 0) << per_second << ", " << count;
      EXPECT_EQ(bucket.Tokens(5 + wait), 1) << per_second << ", " << count;
    }
  }
}

// Under UBSan: the largest numbers, with endless taking and endless waiting, do not overflow.
TEST(TokenBucketTest, TheLargestNumbers) {
  TokenBucket bucket(kMost, kMost, 0);
  EXPECT_TRUE(bucket.Take(kMost, 0));
  for (int i = 0; i < 10000; ++i) EXPECT_FALSE(bucket.Take(kMost, 0));
  EXPECT_EQ(bucket.WaitMs(0), 1001);  // at most kMost is owed
  EXPECT_EQ(bucket.Tokens(INT64_MAX), kMost);

  TokenBucket slow(1, kMost, 0);
  EXPECT_TRUE(slow.Take(kMost, 0));
  EXPECT_FALSE(slow.Take(kMost, 0));
  EXPECT_EQ(slow.WaitMs(0), (kMost + 1) * 1000);
  EXPECT_EQ(slow.Tokens((kMost + 1) * 1000), 0) << "no more than twelve days count at once";
}

}  // namespace
}  // namespace weft
