// The counters of a server.

#ifndef WEFT_SERVER_METRICS_METRICS_H_
#define WEFT_SERVER_METRICS_METRICS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"
#include "weft/metrics/session_metrics.h"
#include "weft/sending/counter.h"
#include "weft/server/topics/topic_counters.h"

namespace weft {

// Why a connected client got no session.
enum class HandshakeFailure : uint8_t {
  kTls,           // the TLS handshake failed
  kTimeout,       // ServerTimeouts::handshake, rates.min_request_bytes_per_second
  kLeft,          // the client closed or reset the connection
  kFull,          // ServerLimits::max_connections
  kAddressFull,   // ServerLimits::max_connections_per_address
  kDraining,      // Server::Drain
  kMalformed,     // not HTTP, or a request over a limit
  kNotWebSocket,  // a request that is not an upgrade, or not one to WebSocket 13
  kHost,          // ServerHttp::allowed_hosts
  kOrigin,        // ServerHttp::allowed_origins
  kRefused,       // by the acceptor, or because compression was required
  kProxy,         // a proxy in between is configured wrongly: ServerOptions::proxies
};
inline constexpr size_t kHandshakeFailures = 12;
absl::string_view NameOf(HandshakeFailure reason);  // "tls", "timeout", ...

// The slots of HTTP responses, by the first digit of their status: 100 to 599. Any other status is
// an error of the server, and counted as 500.
inline constexpr size_t kResponseSlots = 5;
constexpr size_t ResponseSlotOf(int http_status) {
  return http_status >= 100 && http_status <= 599 ? http_status / 100 - 1 : kResponseSlots - 1;
}

// Totals since the start, except for the last group and SendCountersOf::buffered_bytes. A session
// is one whose upgrade was accepted.
template <typename Number>
struct MetricsOf : SessionMetricsOf<Number> {
  std::array<Number, kHandshakeFailures> handshake_failures{};
  std::array<Number, kResponseSlots> http_responses{};  // except 101: ResponseSlotOf

  // ---- Current values ----
  // not read from, because their handlers, on threads, are slower than the client
  Number held_sessions{};
};

// The counters of one loop, written by its thread. They have cache lines of their own, so that no
// other thread's writes slow these down.
struct alignas(64) LoopMetrics : MetricsOf<Counter> {};
static_assert(sizeof(LoopMetrics) % 64 == 0);

// The counters of a whole server: Server::metrics().
struct ServerMetrics : MetricsOf<uint64_t> {
  uint64_t connections = 0;  // current, including those in their handshake
  uint64_t exceptions = 0;   // that handlers and other functions of the application threw

  // Of the topics that a broker carries; none if no topic is (ServerHooks::topic_options).
  std::optional<TopicCountersOf<uint64_t>> topics{};

  // Of ServerOptions::broker; none without one.
  std::optional<BrokerCounts> broker{};

  void Add(const LoopMetrics& loop);
};

}  // namespace weft

#endif  // WEFT_SERVER_METRICS_METRICS_H_
