// The counters of a server.

#ifndef WEFT_SERVER_METRICS_METRICS_H_
#define WEFT_SERVER_METRICS_METRICS_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "weft/core/frame/close_code.h"
#include "weft/core/frame/close_info.h"
#include "weft/sending/counter.h"
#include "weft/sending/send_counters.h"
#include "weft/server/metrics/time_histogram.h"

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
};
inline constexpr size_t kHandshakeFailures = 11;
absl::string_view NameOf(HandshakeFailure reason);  // "tls", "timeout", ...

absl::string_view NameOf(DropReason reason);  // "queue_full", ...

// The slots of close codes: one for each of 1000 to 1015, and one per thousand of the applications'
// codes.
inline constexpr size_t kCloseSlots = 18;
constexpr size_t CloseSlotOf(CloseCode code) {
  const size_t value = static_cast<uint16_t>(code);
  if (value >= 4000) return 17;
  if (value >= 3000) return 16;
  return value >= 1000 && value <= 1015 ? value - 1000 : CloseSlotOf(CloseCode::kAbnormal);
}

// The slots of HTTP responses, by the first digit of their status: 100 to 599. Any other status is
// an error of the server, and counted as 500.
inline constexpr size_t kResponseSlots = 5;
constexpr size_t ResponseSlotOf(int http_status) {
  return http_status >= 100 && http_status <= 599 ? http_status / 100 - 1 : kResponseSlots - 1;
}

// Totals since the start, except for the last group and SendCountersOf::buffered_bytes. A session
// is one whose upgrade was accepted.
template <typename Number>
struct MetricsOf : SendCountersOf<Number> {
  Number sessions_opened{};
  // By the cause of the session's end (ClosedBy), and by code (CloseSlotOf).
  std::array<std::array<Number, kCloseSlots>, kClosedBys> closes{};
  std::array<Number, kHandshakeFailures> handshake_failures{};

  Number messages_received{};  // for streamed ones, each piece
  Number bytes_received{};     // on the wire, all protocols, without TLS

  std::array<Number, kResponseSlots> http_responses{};  // except 101: ResponseSlotOf

  TimeHistogram<Number> round_trip{};  // from a ping to its pong: Session::round_trip_time
  TimeHistogram<Number> loop_lag{};    // a turn of a loop: new events wait that long

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

  // Current value.
  uint64_t sessions() const;

  // Sessions that ended with this code, for any cause.
  uint64_t closes_with(CloseCode code) const;

  void Add(const LoopMetrics& loop);
};

}  // namespace weft

#endif  // WEFT_SERVER_METRICS_METRICS_H_
