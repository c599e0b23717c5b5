#include "weft/server/server_options.h"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "weft/core/deflate/codec_pool.h"
#include "weft/core/memory/buffer.h"
#include "weft/loop/clock.h"
#include "weft/server/handler.h"
#include "weft/server/server.h"
#include "weft/server/topics/local_broker.h"

namespace weft {
namespace {

constexpr size_t kNoLimit = std::numeric_limits<size_t>::max();
constexpr int64_t kNoRate = std::numeric_limits<int64_t>::max();

// The error's message; empty: no error.
std::string Check(const ServerOptions& options) {
  const absl::Status status = CheckServerOptions(options);
  EXPECT_TRUE(status.ok() || absl::IsInvalidArgument(status)) << status;
  return std::string(status.message());
}

TEST(CheckServerOptionsTest, TheDefaultsAreGood) { EXPECT_EQ(Check({}), ""); }

TEST(CheckServerOptionsTest, Threads) {
  EXPECT_EQ(Check({.threads = 0}), "threads is 0, expected 1 to 1024");
  EXPECT_EQ(Check({.threads = 1025}), "threads is 1025, expected 1 to 1024");
  EXPECT_EQ(Check({.handler_threads = -1}), "handler_threads is -1, expected 0 to 1024");
  EXPECT_EQ(Check({.handler_threads = 1025}), "handler_threads is 1025, expected 0 to 1024");
}

TEST(CheckServerOptionsTest, Sizes) {
  EXPECT_EQ(Check({.connection = {.max_fragments = 0}}),
            "connection.max_fragments is 0, expected at least 1");
  EXPECT_EQ(Check({.http = {.limits = {.max_head_bytes = 0}}}),
            "http.limits.max_head_bytes is 0, expected at least 1");
  EXPECT_EQ(Check({.http = {.limits = {.max_headers = 0}}}),
            "http.limits.max_headers is 0, expected at least 1");
  EXPECT_EQ(Check({.limits = {.max_connections = 0}}),
            "limits.max_connections is 0, expected at least 1");
  EXPECT_EQ(Check({.limits = {.max_buffered_bytes = 0}}),
            "limits.max_buffered_bytes is 0, expected at least 1");
  EXPECT_EQ(Check({.limits = {.max_waiting_messages = 0}}),
            "limits.max_waiting_messages is 0, expected at least 1");
  EXPECT_EQ(Check({.limits = {.max_waiting_bytes = 0}}),
            "limits.max_waiting_bytes is 0, expected at least 1");
  EXPECT_EQ(Check({.sending = {.max_queue_bytes = 0}}),
            "sending.max_queue_bytes is 0, expected at least 1");
  EXPECT_EQ(Check({.sending = {.high_mark_bytes = 1000, .low_mark_bytes = 1000}}),
            "sending.low_mark_bytes is 1000, expected less than sending.high_mark_bytes, which is "
            "1000");
}

// Nothing is a size that makes sense for each of these.
TEST(CheckServerOptionsTest, SizesThatMayBeZero) {
  EXPECT_EQ(Check({.connection = {.max_message_bytes = 0},
                   .http = {.max_body_bytes = 0},
                   .limits = {.max_compression_bytes = 0,
                              .max_topics_per_session = 0,
                              .max_topic_bytes = 0},
                   .rates = {.min_request_bytes_per_second = 0, .min_message_bytes_per_second = 0},
                   .sending = {.low_mark_bytes = 0, .pause_reading_bytes = 0}}),
            "");
}

TEST(CheckServerOptionsTest, Proxies) {
  EXPECT_EQ(Check({.proxies = {.trusted_networks = {"10.0.0.0/8", "::1", "unix:"},
                               .protocol = ProxyProtocol::kRequired}}),
            "");
  EXPECT_EQ(Check({.proxies = {.trusted_networks = {"10.0.0.0/8", "example.com"}}}),
            "proxies.trusted_networks: \"example.com\" is not a network such as 10.0.0.0/8: "
            "\"example.com\" is not an IP address");
  EXPECT_EQ(Check({.proxies = {.protocol = ProxyProtocol::kOptional}}),
            "proxies.trusted_networks is empty, expected the networks of the proxies: "
            "proxies.protocol is set");
}

// docs/howto/proxies.md: most proxies drop a connection that was silent for 60 s.
TEST(CheckServerOptionsTest, PingsComeBeforeAProxyLosesPatience) {
  EXPECT_LE(ServerTimeouts().ping_interval + ServerTimeouts().pong, absl::Seconds(55));
}

// It meant "no limit" in 0.1, unlike everywhere else.
TEST(CheckServerOptionsTest, ZeroIsNotNoLimit) {
  EXPECT_EQ(Check({.limits = {.max_connections_per_address = 0}}),
            "limits.max_connections_per_address is 0, expected at least 1 (the largest size_t for "
            "no limit)");
  EXPECT_EQ(Check({.rates = {.messages = {.per_second = 0}}}),
            "rates.messages.per_second is 0, expected 1 to 4294967296 (the largest int64_t for no "
            "limit)");
}

// 0 would not mean "never", but "at once".
TEST(CheckServerOptionsTest, Times) {
  const std::pair<std::string, absl::Duration ServerTimeouts::*> timeouts[] = {
      {"timeouts.handshake", &ServerTimeouts::handshake},
      {"timeouts.http", &ServerTimeouts::http},
      {"timeouts.keep_alive", &ServerTimeouts::keep_alive},
      {"timeouts.first_message", &ServerTimeouts::first_message},
      {"timeouts.idle", &ServerTimeouts::idle},
      {"timeouts.ping_interval", &ServerTimeouts::ping_interval},
      {"timeouts.pong", &ServerTimeouts::pong},
      {"timeouts.close", &ServerTimeouts::close},
  };
  const std::pair<std::string, absl::Duration ServerRates::*> graces[] = {
      {"rates.request_grace", &ServerRates::request_grace},
      {"rates.message_grace", &ServerRates::message_grace},
  };
  const std::string expected = ", expected more than 0 (absl::InfiniteDuration() for no limit)";
  for (const auto& [time, text] :
       {std::pair(absl::ZeroDuration(), " is 0"), std::pair(absl::Seconds(-1), " is -1s"),
        std::pair(-absl::InfiniteDuration(), " is -inf")}) {
    for (const auto& [name, field] : timeouts) {
      ServerOptions options;
      options.timeouts.*field = time;
      EXPECT_EQ(Check(options), name + text + expected);
    }
    for (const auto& [name, field] : graces) {
      ServerOptions options;
      options.rates.*field = time;
      EXPECT_EQ(Check(options), name + text + expected);
    }
  }
}

TEST(CheckServerOptionsTest, Rates) {
  const std::string expected = ", expected 1 to 4294967296 (the largest int64_t for no limit)";
  const std::pair<std::string, RateLimit ServerRates::*> rates[] = {
      {"rates.messages", &ServerRates::messages},
      {"rates.bytes", &ServerRates::bytes},
  };
  for (const auto& [name, field] : rates) {
    const auto check = [field = field](const RateLimit& rate) {
      ServerOptions options;
      options.rates.*field = rate;
      return Check(options);
    };
    EXPECT_EQ(check({.per_second = -1}), name + ".per_second is -1" + expected);
    EXPECT_EQ(check({.per_second = (int64_t{1} << 32) + 1}),
              name + ".per_second is 4294967297" + expected);
    EXPECT_EQ(check({.per_second = 1, .burst = -1}),
              name + ".burst is -1, expected 0 to 4294967296");
    EXPECT_EQ(check({.per_second = 1, .burst = int64_t{1} << 33}),
              name + ".burst is 8589934592, expected 0 to 4294967296");
    EXPECT_EQ(check({.burst = 5}),
              name + ".burst is 5, expected 0 without a limit in " + name + ".per_second");
    EXPECT_EQ(check({.per_second = int64_t{1} << 32, .burst = int64_t{1} << 32}), "");
    EXPECT_EQ(check({.per_second = kNoRate}), "");
  }
  EXPECT_EQ(Check({.rates = {.min_request_bytes_per_second = kNoLimit}}),
            "rates.min_request_bytes_per_second is 18446744073709551615, expected 0 to 4294967296");
  EXPECT_EQ(Check({.rates = {.min_message_bytes_per_second = kNoLimit}}),
            "rates.min_message_bytes_per_second is 18446744073709551615, expected 0 to 4294967296");
}

TEST(CheckServerOptionsTest, Connection) {
  BufferPool pool;
  CodecPool codecs;
  EXPECT_EQ(Check({.connection = {.pool = &pool}}),
            "connection.pool is set, expected null: each loop has pools of its own");
  EXPECT_EQ(Check({.connection = {.codecs = &codecs}}),
            "connection.codecs is set, expected null: each loop has pools of its own");
  EXPECT_EQ(Check({.connection = {.compression = {.send_window_bits = 7}}}),
            "connection.compression.send_window_bits is 7, expected 8 to 15");
  EXPECT_EQ(Check({.connection = {.compression = {.receive_window_bits = 16}}}),
            "connection.compression.receive_window_bits is 16, expected 8 to 15");
  EXPECT_EQ(Check({.connection = {.compression = {.memory_level = 0}}}),
            "connection.compression.memory_level is 0, expected 1 to 9");
  EXPECT_EQ(Check({.connection = {.compression = {.level = 10}}}),
            "connection.compression.level is 10, expected 1 to 9");
}

TEST(CheckServerOptionsTest, Others) {
  EXPECT_EQ(Check({.http = {.allowed_hosts = {"example.com:80"}}}),
            "http.allowed_hosts has \"example.com:80\", expected a host without a port");
  EXPECT_EQ(
      Check({.http = {.allowed_origins = {"https://a.example", "https://b.example/"}}}),
      "http.allowed_origins has \"https://b.example/\", expected scheme://host[:port] without "
      "a path, null or *");
  EXPECT_EQ(Check({.for_tests = {.clock = nullptr}}), "for_tests.clock is null, expected a clock");
  EXPECT_EQ(Check({.broker = std::make_shared<LocalBroker>(Clock::Steady())}),
            "hooks.topic_options is empty, expected a function: it says which topics `broker` "
            "carries");
}

TEST(CheckServerOptionsTest, StartChecks) {
  const auto refuse = [](auto&, auto&) -> absl::StatusOr<std::unique_ptr<Handler>> {
    return absl::NotFoundError("");
  };
  EXPECT_EQ(Server::Start({.threads = 0}, refuse).status(),
            absl::InvalidArgumentError("threads is 0, expected 1 to 1024"));
  EXPECT_EQ(Server::Start({}, nullptr).status(),
            absl::InvalidArgumentError("the acceptor is empty, expected a function"));
}

}  // namespace
}  // namespace weft
