#include "weft/cluster/redis/redis_address.h"

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/cluster/redis/redis_error.h"

namespace weft {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string ErrorOf(absl::string_view text) {
  return std::string(ParseRedisAddress(text).status().message());
}

TEST(RedisAddressTest, Parts) {
  EXPECT_EQ(*ParseRedisAddress("redis://localhost"), (RedisAddress{.host = "localhost"}));
  EXPECT_EQ(
      *ParseRedisAddress("rediss://app%40x@Redis.Internal:7000/3"),
      (RedisAddress{
          .tls = true, .user = "app@x", .host = "Redis.Internal", .port = 7000, .database = 3}));
  EXPECT_EQ(*ParseRedisAddress("redis://[::1]:1/"), (RedisAddress{.host = "::1", .port = 1}));
  EXPECT_EQ(ParseRedisAddress("redis://[::1]")->HostPort(), "[::1]:6379");
}

TEST(RedisAddressTest, NamesWhatIsWrong) {
  EXPECT_THAT(ErrorOf("localhost:6379"), HasSubstr("\"localhost:6379\" of a Redis has no scheme"));
  EXPECT_THAT(ErrorOf("http://localhost"), HasSubstr("has another scheme"));
  EXPECT_THAT(ErrorOf("redis://"), HasSubstr("has a wrong host or port"));
  EXPECT_THAT(ErrorOf("redis://a:70000"), HasSubstr("has a wrong host or port"));
  EXPECT_THAT(ErrorOf("redis://a/x"), HasSubstr("has a database that is not a number"));
  EXPECT_THAT(ErrorOf("redis://a/-1"), HasSubstr("has a database that is not a number"));
  EXPECT_THAT(ErrorOf("redis://%x@a"), HasSubstr("a user name with a wrong %"));
}

TEST(RedisAddressTest, APasswordIsRefusedAndNotShown) {
  for (const absl::string_view text :
       {"redis://user:secret@a", "redis://user:sec/secret@a", "redis://:secret@a/1"}) {
    EXPECT_THAT(ErrorOf(text), HasSubstr("pass it by password_file"));
    EXPECT_THAT(ErrorOf(text), Not(HasSubstr("secret")));
  }
  for (const absl::string_view text : {"user:secret@a", ":secret@a", "redis://secret%@a"}) {
    EXPECT_THAT(ErrorOf(text), Not(HasSubstr("secret"))) << text;
    EXPECT_THAT(std::string(ParseSentinelAddress(text).status().message()),
                Not(HasSubstr("secret")));
  }
}

TEST(RedisAddressTest, Sentinels) {
  EXPECT_EQ(ParseSentinelAddress("a")->HostPort(), "a:26379");
  EXPECT_EQ(ParseSentinelAddress("a:1")->HostPort(), "a:1");
  EXPECT_THAT(std::string(ParseSentinelAddress("a:b").status().message()),
              HasSubstr("the address \"a:b\" of a Sentinel is not HOST:PORT"));
}

TEST(RedisErrorTest, NamesTheCause) {
  EXPECT_EQ(RedisError("READONLY no writes."),
            absl::UnavailableError("it is a replica, which takes no writes: Redis answered "
                                   "\"READONLY no writes.\""));
  EXPECT_EQ(RedisError("OOM command not allowed").code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(RedisError("WRONGPASS x").code(), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(RedisError("ERR unknown command").code(), absl::StatusCode::kInternal);
  EXPECT_EQ(RedisError("OOMPH").code(), absl::StatusCode::kInternal) << "whole words";
}

}  // namespace
}  // namespace weft
