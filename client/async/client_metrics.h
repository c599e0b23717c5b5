// The counters of asynchronous clients.

#ifndef WEFT_CLIENT_ASYNC_CLIENT_METRICS_H_
#define WEFT_CLIENT_ASYNC_CLIENT_METRICS_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "weft/core/frame/close_info.h"
#include "weft/metrics/prometheus_writer.h"  // IWYU pragma: export
#include "weft/metrics/session_metrics.h"
#include "weft/sending/counter.h"

namespace weft {

// Why a client of ClientLoop::Reconnect() made another attempt: how its connection ended, or its
// last attempt.
enum class ReconnectReason : uint8_t {
  kClosed,       // the server closed the connection
  kLost,         // the stream ended or failed without a Close frame
  kTimeout,      // the server was silent, or too slow
  kViolation,    // the server broke a rule, or went beyond a limit
  kApplication,  // this side's program closed the connection
  kRefused,      // the server answered with HTTP other than 101
  kFailed,       // any other error of an attempt
};
inline constexpr size_t kReconnectReasons = 7;
absl::string_view NameOf(ReconnectReason reason);  // "closed", "lost", ...
ReconnectReason ReasonOf(ClosedBy by);

// A session is a connection that is open, or was. Bytes are those after the upgrade, and
// SendCountersOf::buffered_bytes are those of large payloads that wait.
template <typename Number>
struct ClientMetricsOf : SessionMetricsOf<Number> {
  Number sessions_failed{};  // connections, and attempts to reconnect, that did not open
  std::array<Number, kReconnectReasons> reconnects{};  // attempts but for the first ones
};

// The counters of one loop, written by its thread. They have cache lines of their own, so that no
// other thread's writes slow these down.
struct alignas(64) ClientLoopMetrics : ClientMetricsOf<Counter> {};
static_assert(sizeof(ClientLoopMetrics) % 64 == 0);

// The counters of all loops: ClientLoop::metrics().
struct ClientMetrics : ClientMetricsOf<uint64_t> {
  uint64_t connections = 0;  // current: ClientLoop::connections()
  uint64_t exceptions = 0;   // that handlers and hooks threw

  void Add(const ClientLoopMetrics& loop);
};

// Writes all metrics of a ClientLoop, with names that begin with "weft_client_": also on the page
// of a server, by StatusPages::own_metrics.
void WriteMetrics(const ClientMetrics& metrics, PrometheusWriter* out);

}  // namespace weft

#endif  // WEFT_CLIENT_ASYNC_CLIENT_METRICS_H_
