#include "weft/server/server_options.h"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "weft/core/check_option.h"
#include "weft/core/deflate/permessage_deflate.h"
#include "weft/server/forwarding/network.h"
#include "weft/server/http/host_check.h"
#include "weft/server/limits/rate_limit.h"
#include "weft/server/limits/token_bucket.h"

namespace weft {
namespace {

// The maximum of each kind of thread; a larger number is a mistake.
constexpr int kMaxThreads = 1024;

// As for a RateLimit. Deadlines computed from it stay far below 2^63.
constexpr size_t kMaxBytesPerSecond = size_t{1} << 32;

absl::Status CheckThreads(const ServerOptions& options) {
  absl::Status status = CheckRange("threads", options.threads, 1, kMaxThreads);
  status.Update(CheckRange("handler_threads", options.handler_threads, 0, kMaxThreads));
  return status;
}

absl::Status CheckSizes(const ServerOptions& options) {
  const std::pair<const char*, size_t> sizes[] = {
      {"connection.max_fragments", options.connection.max_fragments},
      {"http.limits.max_head_bytes", options.http.limits.max_head_bytes},
      {"http.limits.max_headers", options.http.limits.max_headers},
      {"limits.max_connections", options.limits.max_connections},
      {"limits.max_buffered_bytes", options.limits.max_buffered_bytes},
      {"limits.max_waiting_messages", options.limits.max_waiting_messages},
      {"limits.max_waiting_bytes", options.limits.max_waiting_bytes},
      {"sending.max_queue_bytes", options.sending.max_queue_bytes},
  };
  for (const auto& [name, size] : sizes) {
    if (absl::Status status = CheckAtLeast<size_t>(name, size, 1); !status.ok()) return status;
  }
  if (options.limits.max_connections_per_address == 0) {
    return WrongOption("limits.max_connections_per_address", "0",
                       "at least 1 (the largest size_t for no limit)");
  }
  return absl::OkStatus();
}

absl::Status CheckMarks(const ServerSending& sending) {
  if (sending.low_mark_bytes < sending.high_mark_bytes) return absl::OkStatus();
  return WrongOption(
      "sending.low_mark_bytes", absl::StrCat(sending.low_mark_bytes),
      absl::StrCat("less than sending.high_mark_bytes, which is ", sending.high_mark_bytes));
}

absl::Status CheckTimes(const ServerOptions& options) {
  const std::pair<const char*, absl::Duration> times[] = {
      {"timeouts.handshake", options.timeouts.handshake},
      {"timeouts.http", options.timeouts.http},
      {"timeouts.keep_alive", options.timeouts.keep_alive},
      {"timeouts.first_message", options.timeouts.first_message},
      {"timeouts.idle", options.timeouts.idle},
      {"timeouts.ping_interval", options.timeouts.ping_interval},
      {"timeouts.pong", options.timeouts.pong},
      {"timeouts.close", options.timeouts.close},
      {"rates.request_grace", options.rates.request_grace},
      {"rates.message_grace", options.rates.message_grace},
  };
  for (const auto& [name, time] : times) {
    if (absl::Status status = CheckMoreThanZero(name, time); !status.ok()) return status;
  }
  return CheckNotNegative("timeouts.unready", options.timeouts.unready);
}

absl::Status CheckRate(absl::string_view field, const RateLimit& rate) {
  const std::string per_second = absl::StrCat(field, ".per_second");
  const std::string burst = absl::StrCat(field, ".burst");
  if (!rate.is_limited()) {
    if (rate.burst == 0) return absl::OkStatus();
    return WrongOption(burst, absl::StrCat(rate.burst),
                       absl::StrCat("0 without a limit in ", per_second));
  }
  if (rate.per_second < 1 || rate.per_second > TokenBucket::kMost) {
    return WrongOption(
        per_second, absl::StrCat(rate.per_second),
        absl::StrCat("1 to ", TokenBucket::kMost, " (the largest int64_t for no limit)"));
  }
  return CheckRange<int64_t>(burst, rate.burst, 0, TokenBucket::kMost);
}

absl::Status CheckRates(const ServerRates& rates) {
  absl::Status status = CheckRate("rates.messages", rates.messages);
  status.Update(CheckRate("rates.bytes", rates.bytes));
  status.Update(CheckRange<size_t>("rates.min_request_bytes_per_second",
                                   rates.min_request_bytes_per_second, 0, kMaxBytesPerSecond));
  status.Update(CheckRange<size_t>("rates.min_message_bytes_per_second",
                                   rates.min_message_bytes_per_second, 0, kMaxBytesPerSecond));
  return status;
}

absl::Status CheckProxies(const ServerProxies& proxies) {
  if (const auto networks = Networks::Parse(proxies.trusted_networks); !networks.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("proxies.trusted_networks: ", networks.status().message()));
  }
  if (proxies.protocol != ProxyProtocol::kOff && proxies.trusted_networks.empty()) {
    return WrongOption("proxies.trusted_networks", "empty",
                       "the networks of the proxies: proxies.protocol is set");
  }
  return absl::OkStatus();
}

absl::Status CheckPools(const ConnectionOptions& connection) {
  constexpr absl::string_view kExpected = "null: each loop has pools of its own";
  if (connection.pool != nullptr) return WrongOption("connection.pool", "set", kExpected);
  if (connection.codecs != nullptr) return WrongOption("connection.codecs", "set", kExpected);
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckServerOptions(const ServerOptions& options) {
  absl::Status status = CheckThreads(options);
  status.Update(CheckSizes(options));
  status.Update(CheckMarks(options.sending));
  status.Update(CheckTimes(options));
  status.Update(CheckRates(options.rates));
  status.Update(CheckRate("hooks.access_log_rate", options.hooks.access_log_rate));
  status.Update(CheckProxies(options.proxies));
  status.Update(CheckPools(options.connection));
  status.Update(InField("connection", CheckCompressionOptions(options.connection.compression)));
  status.Update(InField("http", CheckAllowedHosts(options.http.allowed_hosts)));
  status.Update(InField("http", CheckAllowedOrigins(options.http.allowed_origins)));
  if (options.broker != nullptr && !options.hooks.topic_options) {
    status.Update(WrongOption("hooks.topic_options", "empty",
                              "a function: it says which topics `broker` carries"));
  }
  if (options.for_tests.clock == nullptr) {
    status.Update(WrongOption("for_tests.clock", "null", "a clock"));
  }
  return status;
}

}  // namespace weft
