#include "weft/server/limits/rate_limiter.h"

#include <cstddef>

#include "gtest/gtest.h"

namespace weft {
namespace {

constexpr size_t kRoom = 1 << 20;

TEST(RateLimiterTest, IsNotNeededByDefault) {
  EXPECT_FALSE(RateLimiter::Limits{}.any());
  EXPECT_TRUE(RateLimiter::Limits{.events = {.per_second = 1}}.any());
  EXPECT_TRUE(RateLimiter::Limits{.bytes = {.per_second = 1}}.any());
}

TEST(RateLimiterTest, WithoutABurstItIsASecond) {
  RateLimiter limiter({.events = {.per_second = 5}}, 0);
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(limiter.TakeEvent(0)) << i;
  EXPECT_FALSE(limiter.TakeEvent(0));
}

TEST(RateLimiterTest, WhatIsNotLimitedIsFree) {
  RateLimiter messages({.events = {.per_second = 1}}, 0);
  EXPECT_TRUE(messages.TakeBytes(size_t{1} << 40, 0));
  RateLimiter bytes({.bytes = {.per_second = 1}}, 0);
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(bytes.TakeEvent(0));
}

TEST(RateLimiterTest, ReadsWhatTheBytesAllow) {
  RateLimiter limiter({.bytes = {.per_second = 1000, .burst = 100000}}, 0);
  EXPECT_EQ(limiter.ReadLimit(kRoom, 0), 100000u);
  EXPECT_EQ(limiter.ReadLimit(500, 0), 500u);
  EXPECT_TRUE(limiter.TakeBytes(60000, 0));
  EXPECT_EQ(limiter.ReadLimit(kRoom, 0), 40000u);
  EXPECT_EQ(limiter.ReadLimit(kRoom, 5000), 45000u);
  EXPECT_TRUE(limiter.TakeBytes(45000, 5000));
  EXPECT_EQ(limiter.ReadLimit(kRoom, 5000), 4096u)
      << "a read of a few bytes costs as much as one of many";
  EXPECT_FALSE(limiter.TakeBytes(4096, 5000));
  EXPECT_EQ(limiter.WaitMs(5000), 4097);
}

// This number of bytes contains no more messages than allowed, whatever they are.
TEST(RateLimiterTest, ReadsWhatTheMessagesAllow) {
  RateLimiter limiter({.events = {.per_second = 1000, .burst = 10000}}, 0);
  EXPECT_EQ(limiter.ReadLimit(kRoom, 0), 60000u);
  for (int i = 0; i < 9990; ++i) limiter.TakeEvent(0);
  EXPECT_EQ(limiter.ReadLimit(kRoom, 0), 4096u);
}

TEST(RateLimiterTest, WaitsForTheSlower) {
  RateLimiter limiter({.events = {.per_second = 10}, .bytes = {.per_second = 1000}}, 0);
  EXPECT_EQ(limiter.WaitMs(0), 0);
  EXPECT_TRUE(limiter.TakeBytes(1000, 0));
  EXPECT_EQ(limiter.WaitMs(0), 1);
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(limiter.TakeEvent(0));
  EXPECT_EQ(limiter.WaitMs(0), 100);
  EXPECT_EQ(limiter.ReadLimit(kRoom, 100), 4096u);
}

}  // namespace
}  // namespace weft
