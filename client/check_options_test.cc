#include "weft/client/check_options.h"

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/client/client_options.h"

namespace weft {
namespace {

using ::testing::HasSubstr;

// The error's message; empty: no error.
std::string Check(const ClientOptions& options) {
  const absl::Status status = CheckClientOptions(options);
  EXPECT_TRUE(status.ok() || absl::IsInvalidArgument(status)) << status;
  return std::string(status.message());
}

TEST(CheckClientOptionsTest, TheDefaultsAreGood) { EXPECT_EQ(Check({}), ""); }

// A ping_interval of 0 once sent pings without a pause.
TEST(CheckClientOptionsTest, TimesThatMustBeMoreThanZero) {
  for (absl::Duration ClientTimeouts::*field :
       {&ClientTimeouts::connect, &ClientTimeouts::ping_interval, &ClientTimeouts::pong}) {
    ClientOptions options;
    for (const absl::Duration value :
         {absl::ZeroDuration(), absl::Seconds(-1), -absl::InfiniteDuration()}) {
      options.timeouts.*field = value;
      EXPECT_THAT(Check(options), HasSubstr(" must be more than 0, not "));
    }
    for (const absl::Duration value : {absl::Nanoseconds(1), absl::InfiniteDuration()}) {
      options.timeouts.*field = value;
      EXPECT_EQ(Check(options), "");
    }
  }
  EXPECT_EQ(Check({.timeouts = {.pong = absl::Seconds(-1)}}),
            "timeouts.pong must be more than 0, not -1s; InfiniteDuration means never");
}

TEST(CheckClientOptionsTest, TimesThatMayBeZero) {
  for (absl::Duration ClientTimeouts::*field : {&ClientTimeouts::send, &ClientTimeouts::close}) {
    ClientOptions options;
    options.timeouts.*field = absl::Milliseconds(-1);
    EXPECT_THAT(Check(options), HasSubstr(" must be at least 0, not -1ms"));
    for (const absl::Duration value : {absl::ZeroDuration(), absl::InfiniteDuration()}) {
      options.timeouts.*field = value;
      EXPECT_EQ(Check(options), "");
    }
  }
  EXPECT_EQ(Check({.timeouts = {.close = absl::Seconds(-1)}}),
            "timeouts.close must be at least 0, not -1s; InfiniteDuration means never");
}

TEST(CheckClientOptionsTest, Numbers) {
  EXPECT_EQ(Check({.connection = {.max_fragments = 0}}),
            "connection.max_fragments must be at least 1, not 0");
  EXPECT_EQ(Check({.http = {.max_redirects = -1}}),
            "http.max_redirects must be at least 0, not -1");
  EXPECT_EQ(Check({.http = {.limits = {.max_head_bytes = 0}}}),
            "http.limits.max_head_bytes must be at least 1, not 0");
  EXPECT_EQ(Check({.http = {.limits = {.max_headers = 0}}}),
            "http.limits.max_headers must be at least 1, not 0");
  EXPECT_THAT(Check({.connection = {.compression = {.level = 10}}}), HasSubstr("level"));
}

TEST(CheckClientOptionsTest, ConnectTo) {
  for (const char* good : {"", "h", "h:80", "[::1]:80", "127.0.0.1"}) {
    EXPECT_EQ(Check({.connect_to = good}), "") << good;
  }
  EXPECT_EQ(Check({.connect_to = "h:x"}),
            "connect_to must be HOST or HOST:PORT: the port \"x\" is not a number from 1 to 65535");
}

}  // namespace
}  // namespace weft
