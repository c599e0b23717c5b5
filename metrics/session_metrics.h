// The counters that servers and clients have in common.

#ifndef WEFT_METRICS_SESSION_METRICS_H_
#define WEFT_METRICS_SESSION_METRICS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>

#include "absl/strings/string_view.h"
#include "weft/core/frame/close_code.h"
#include "weft/core/frame/close_info.h"
#include "weft/metrics/prometheus_writer.h"
#include "weft/metrics/time_histogram.h"
#include "weft/sending/send_counters.h"

namespace weft {

// The slots of close codes: one for each of 1000 to 1015, and one per thousand of the applications'
// codes.
inline constexpr size_t kCloseSlots = 18;
constexpr size_t CloseSlotOf(CloseCode code) {
  const size_t value = static_cast<uint16_t>(code);
  if (value >= 4000) return 17;
  if (value >= 3000) return 16;
  return value >= 1000 && value <= 1015 ? value - 1000 : CloseSlotOf(CloseCode::kAbnormal);
}

// Totals since the start, of the sessions of a server or the open connections of a client. `Number`
// is uint64_t, or a Counter if another thread reads.
template <typename Number>
struct SessionMetricsOf : SendCountersOf<Number> {
  Number sessions_opened{};
  // By the cause of the session's end (ClosedBy), and by code (CloseSlotOf).
  std::array<std::array<Number, kCloseSlots>, kClosedBys> closes{};

  Number messages_received{};  // for streamed ones, each piece
  Number bytes_received{};     // on the wire, all protocols, without TLS

  TimeHistogram<Number> round_trip{};  // from a ping to its pong
  TimeHistogram<Number> loop_lag{};    // a turn of a loop: new events wait that long

  void CountClose(const CloseInfo& info) {
    closes[static_cast<size_t>(info.by)][CloseSlotOf(info.code)] += 1;
  }

  // Current value.
  uint64_t sessions() const {
    // The loops continue to count while the counters are summed.
    uint64_t closed = 0;
    for (const auto& of_cause : closes) {
      closed = std::accumulate(of_cause.begin(), of_cause.end(), closed);
    }
    return closed < sessions_opened ? sessions_opened - closed : 0;
  }

  // Sessions that ended with this code, for any cause.
  uint64_t closes_with(CloseCode code) const {
    uint64_t sum = 0;
    for (const auto& of_cause : closes) sum += of_cause[CloseSlotOf(code)];
    return sum;
  }

  // The messages that found no memory, or no room, before they reached a loop: Mailbox.
  void AddMailbox(uint64_t refused, uint64_t dropped) {
    this->dropped_messages[static_cast<size_t>(DropReason::kQueueFull)] += refused;
    this->dropped_messages[static_cast<size_t>(DropReason::kNewest)] += dropped;
  }

 protected:
  template <typename From, typename To, size_t kSize>
  static void AddEach(const std::array<From, kSize>& from, std::array<To, kSize>* to) {
    for (size_t i = 0; i < kSize; ++i) (*to)[i] += from[i];
  }

  // The counters of one loop.
  template <typename Other>
  void AddSessions(const SessionMetricsOf<Other>& loop) {
    // Closes first: each of them was counted as opened earlier.
    for (size_t by = 0; by < kClosedBys; ++by) AddEach(loop.closes[by], &closes[by]);
    sessions_opened += loop.sessions_opened;
    AddEach(loop.dropped_messages, &this->dropped_messages);
    messages_received += loop.messages_received;
    this->messages_sent += loop.messages_sent;
    bytes_received += loop.bytes_received;
    this->bytes_sent += loop.bytes_sent;
    round_trip.Add(loop.round_trip);
    loop_lag.Add(loop.loop_lag);
    this->buffered_bytes += loop.buffered_bytes;
  }
};

// Writes them with names that begin with `prefix`: "weft_" or "weft_client_".
void WriteSessionMetrics(absl::string_view prefix, const SessionMetricsOf<uint64_t>& metrics,
                         PrometheusWriter* out);

// Writes one counter for each reason, whose label is NameOf(reason).
template <typename Reason, size_t kSize>
void WriteByReason(absl::string_view name, absl::string_view help,
                   const std::array<uint64_t, kSize>& counts, PrometheusWriter* out) {
  for (size_t i = 0; i < kSize; ++i) {
    out->Counter(name, help, {{"reason", NameOf(static_cast<Reason>(i))}}, counts[i]);
  }
}

}  // namespace weft

#endif  // WEFT_METRICS_SESSION_METRICS_H_
