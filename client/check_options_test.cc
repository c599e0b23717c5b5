#include "weft/client/connecting/check_options.h"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "weft/client/connecting/client_options.h"
#include "weft/client/reconnect_options.h"
#include "weft/client/reconnecting_client.h"

namespace weft {
namespace {

constexpr char kMoreThanZero[] = ", expected more than 0 (absl::InfiniteDuration() for no limit)";
constexpr char kAtLeastZero[] = ", expected at least 0 (absl::InfiniteDuration() for no limit)";

using Timeout = std::pair<std::string, absl::Duration ClientTimeouts::*>;

// The error's message; empty: no error.
std::string Check(const ClientOptions& options) {
  const absl::Status status = CheckClientOptions(options);
  EXPECT_TRUE(status.ok() || absl::IsInvalidArgument(status)) << status;
  return std::string(status.message());
}

TEST(CheckClientOptionsTest, TheDefaultsAreGood) { EXPECT_EQ(Check({}), ""); }

// A ping_interval of 0 once sent pings without a pause.
TEST(CheckClientOptionsTest, TimesThatMustBeMoreThanZero) {
  for (const auto& [name, field] :
       {Timeout("timeouts.connect", &ClientTimeouts::connect),
        Timeout("timeouts.ping_interval", &ClientTimeouts::ping_interval),
        Timeout("timeouts.pong", &ClientTimeouts::pong)}) {
    ClientOptions options;
    options.timeouts.*field = absl::ZeroDuration();
    EXPECT_EQ(Check(options), name + " is 0" + kMoreThanZero);
    options.timeouts.*field = absl::Seconds(-1);
    EXPECT_EQ(Check(options), name + " is -1s" + kMoreThanZero);
    options.timeouts.*field = -absl::InfiniteDuration();
    EXPECT_EQ(Check(options), name + " is -inf" + kMoreThanZero);
    for (const absl::Duration value : {absl::Nanoseconds(1), absl::InfiniteDuration()}) {
      options.timeouts.*field = value;
      EXPECT_EQ(Check(options), "");
    }
  }
}

TEST(CheckClientOptionsTest, TimesThatMayBeZero) {
  for (const auto& [name, field] : {Timeout("timeouts.send", &ClientTimeouts::send),
                                    Timeout("timeouts.close", &ClientTimeouts::close)}) {
    ClientOptions options;
    options.timeouts.*field = absl::Milliseconds(-1);
    EXPECT_EQ(Check(options), name + " is -1ms" + kAtLeastZero);
    for (const absl::Duration value : {absl::ZeroDuration(), absl::InfiniteDuration()}) {
      options.timeouts.*field = value;
      EXPECT_EQ(Check(options), "");
    }
  }
}

TEST(CheckClientOptionsTest, Numbers) {
  EXPECT_EQ(Check({.connection = {.max_fragments = 0}}),
            "connection.max_fragments is 0, expected at least 1");
  EXPECT_EQ(Check({.http = {.limits = {.max_head_bytes = 0}}}),
            "http.limits.max_head_bytes is 0, expected at least 1");
  EXPECT_EQ(Check({.http = {.limits = {.max_headers = 0}}}),
            "http.limits.max_headers is 0, expected at least 1");
  EXPECT_EQ(Check({.http = {.max_redirects = -1}}),
            "http.max_redirects is -1, expected at least 0");
  constexpr size_t kNone = std::numeric_limits<size_t>::max();
  EXPECT_EQ(Check({.connection = {.max_message_bytes = std::numeric_limits<uint64_t>::max(),
                                  .max_fragments = std::numeric_limits<uint32_t>::max()},
                   .http = {.limits = {.max_head_bytes = kNone, .max_headers = kNone},
                            .max_redirects = std::numeric_limits<int>::max()}}),
            "");
}

TEST(CheckClientOptionsTest, Compression) {
  EXPECT_EQ(Check({.connection = {.compression = {.send_window_bits = 7}}}),
            "connection.compression.send_window_bits is 7, expected 8 to 15");
  EXPECT_EQ(Check({.connection = {.compression = {.receive_window_bits = 16}}}),
            "connection.compression.receive_window_bits is 16, expected 8 to 15");
  EXPECT_EQ(Check({.connection = {.compression = {.memory_level = 0}}}),
            "connection.compression.memory_level is 0, expected 1 to 9");
  EXPECT_EQ(Check({.connection = {.compression = {.level = 10}}}),
            "connection.compression.level is 10, expected 1 to 9");
}

TEST(CheckClientOptionsTest, ConnectTo) {
  for (const char* good : {"", "h", "h:80", "[::1]:80", "127.0.0.1"}) {
    EXPECT_EQ(Check({.connect_to = good}), "") << good;
  }
  EXPECT_EQ(
      Check({.connect_to = "h:x"}),
      "connect_to is \"h:x\", expected HOST or HOST:PORT: the port \"x\" is not a number from "
      "1 to 65535");
}

// The error of Create(); empty: no error.
std::string Create(const ReconnectOptions& options) {
  const absl::Status status = ReconnectingClient::Create("ws://x", options).status();
  EXPECT_TRUE(status.ok() || absl::IsInvalidArgument(status)) << status;
  return std::string(status.message());
}

TEST(CheckReconnectOptionsTest, EachNamesItsField) {
  EXPECT_EQ(Create({}), "");
  EXPECT_EQ(Create({.client = {.timeouts = {.pong = absl::ZeroDuration()}}}),
            std::string("client.timeouts.pong is 0") + kMoreThanZero);
  EXPECT_EQ(Create({.retry = {.max_attempts = 0}}), "retry.max_attempts is 0, expected at least 1");
  EXPECT_EQ(Create({.retry = {.give_up_after = absl::Seconds(-1)}}),
            std::string("retry.give_up_after is -1s") + kAtLeastZero);
  EXPECT_EQ(Create({.retry = {.backoff = {.first = absl::ZeroDuration()}}}),
            "retry.backoff.first is 0, expected more than 0, and finite");
  EXPECT_EQ(Create({.retry = {.backoff = {.longest = absl::InfiniteDuration()}}}),
            "retry.backoff.longest is inf, expected more than 0, and finite");
  EXPECT_EQ(Create({.retry = {.backoff = {.reset_after = absl::Seconds(-1)}}}),
            std::string("retry.backoff.reset_after is -1s") + kAtLeastZero);
  EXPECT_EQ(Create({.retry = {.backoff = {.longest_asked = absl::Seconds(-1)}}}),
            std::string("retry.backoff.longest_asked is -1s") + kAtLeastZero);
  EXPECT_EQ(Create({.retry = {.service_restart = {.at_least = absl::Seconds(-1)}}}),
            "retry.service_restart.at_least is -1s, expected at least 0, and finite");
  EXPECT_EQ(Create({.retry = {.service_restart = {.spread = absl::InfiniteDuration()}}}),
            "retry.service_restart.spread is inf, expected at least 0, and finite");
  EXPECT_EQ(Create({.retry = {.try_again_later = {.at_least = absl::InfiniteDuration()}}}),
            "retry.try_again_later.at_least is inf, expected at least 0, and finite");
  EXPECT_EQ(Create({.retry = {.try_again_later = {.spread = absl::Seconds(-1)}}}),
            "retry.try_again_later.spread is -1s, expected at least 0, and finite");
}

}  // namespace
}  // namespace weft
