// What a server counts.

#ifndef WEFT_SERVER_METRICS_METRICS_H_
#define WEFT_SERVER_METRICS_METRICS_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "weft/core/frame/close_code.h"
#include "weft/core/frame/close_info.h"
#include "weft/server/metrics/counter.h"
#include "weft/server/metrics/time_histogram.h"

namespace weft {

// Why a client that connected got no session.
enum class HandshakeFailure : uint8_t {
  kTls,           // the TLS handshake failed
  kTimeout,       // ServerOptions::handshake_timeout, min_request_bytes_per_second
  kLeft,          // the client closed or reset the connection
  kFull,          // ServerOptions::max_connections
  kAddressFull,   // ServerOptions::max_connections_per_address
  kDraining,      // Server::Drain
  kMalformed,     // no HTTP request, or one past a limit
  kNotWebSocket,  // a request that is no upgrade, or not one to WebSocket 13
  kHost,          // ServerOptions::allowed_hosts
  kOrigin,        // ServerOptions::allowed_origins
  kRefused,       // by the acceptor, or for want of agreed compression
};
inline constexpr size_t kHandshakeFailures = 11;
absl::string_view NameOf(HandshakeFailure reason);  // "tls", "timeout", ...

// Why a message that was to be sent was not.
enum class DropReason : uint8_t {
  kQueueFull,     // no room, and the sender was told: WhenFull::kFail
  kNewest,        // no room, and it was the newest: WhenFull::kDropNewest
  kOldest,        // a newer one needed its room: WhenFull::kDropOldest
  kReplaced,      // a newer one of its key came: SendOptions::key
  kDisconnected,  // its reader was too slow: WhenFull::kDisconnect
  kClosed,        // it waited when its session ended
};
inline constexpr size_t kDropReasons = 6;
absl::string_view NameOf(DropReason reason);  // "queue_full", ...

// Close codes as they are counted: each of 1000 to 1015, and those of applications by thousands.
inline constexpr size_t kCloseSlots = 18;
constexpr size_t CloseSlotOf(CloseCode code) {
  const size_t value = static_cast<uint16_t>(code);
  if (value >= 4000) return 17;
  if (value >= 3000) return 16;
  return value >= 1000 && value <= 1015 ? value - 1000 : CloseSlotOf(CloseCode::kAbnormal);
}

// HTTP answers as they are counted, by the first digit of their status: 100 to 599. Another status
// is a mistake of the server's own, and counted as 500.
inline constexpr size_t kResponseSlots = 5;
constexpr size_t ResponseSlotOf(int http_status) {
  return http_status >= 100 && http_status <= 599 ? http_status / 100 - 1 : kResponseSlots - 1;
}

// All of it since the start, but for the last group. A session is one whose upgrade was accepted.
template <typename Number>
struct MetricsOf {
  Number sessions_opened{};
  // By what ended the session (ClosedBy), and by code (CloseSlotOf).
  std::array<std::array<Number, kCloseSlots>, kClosedBys> closes{};
  std::array<Number, kHandshakeFailures> handshake_failures{};
  std::array<Number, kDropReasons> dropped_messages{};

  Number messages_received{};  // in streamed ones each piece
  Number messages_sent{};      // accepted for sending; to each subscriber of a topic
  Number bytes_received{};     // on the wire, all protocols, without TLS
  Number bytes_sent{};

  std::array<Number, kResponseSlots> http_responses{};  // but for 101: ResponseSlotOf

  TimeHistogram<Number> round_trip{};  // from a ping to its pong: Session::round_trip_time
  TimeHistogram<Number> loop_lag{};    // a turn of a loop: what comes meanwhile waits so long

  // ---- At this moment ----
  Number buffered_bytes{};  // memory held for unfinished messages and unsent answers
  Number held_sessions{};   // of which nothing is read: their handlers, on threads, are behind
};

// Of one loop, written by its thread.
using LoopMetrics = MetricsOf<Counter>;

// Of a whole server: Server::metrics().
struct ServerMetrics : MetricsOf<uint64_t> {
  uint64_t connections = 0;  // at this moment, those in their handshake included
  uint64_t exceptions = 0;   // that handlers and other functions of the application threw

  // At this moment.
  uint64_t sessions() const;

  // Sessions that ended with this code, whatever ended them.
  uint64_t closes_with(CloseCode code) const;

  void Add(const LoopMetrics& loop);
};

}  // namespace weft

#endif  // WEFT_SERVER_METRICS_METRICS_H_
