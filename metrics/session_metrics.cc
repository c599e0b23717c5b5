#include "weft/metrics/session_metrics.h"

#include <string>

#include "absl/strings/str_cat.h"

namespace weft {
namespace {

// The code, or a name for the applications' codes.
std::string NameOfCloseSlot(size_t slot) {
  if (slot == CloseSlotOf(CloseCode{3000})) return "3xxx";
  if (slot == CloseSlotOf(CloseCode{4000})) return "4xxx";
  return absl::StrCat(1000 + slot);
}

void WriteCloses(absl::string_view name, const SessionMetricsOf<uint64_t>& metrics,
                 PrometheusWriter* out) {
  constexpr absl::string_view kHelp =
      "WebSockets that ended, by what ended them and by close code.";
  out->DeclareCounter(name, kHelp);  // also if there were none
  for (size_t by = 0; by < kClosedBys; ++by) {
    for (size_t i = 0; i < kCloseSlots; ++i) {
      // Most pairs never occur, and would hide the others.
      if (metrics.closes[by][i] == 0) continue;
      const std::string code = NameOfCloseSlot(i);
      out->Counter(name, kHelp, {{"by", NameOf(static_cast<ClosedBy>(by))}, {"code", code}},
                   metrics.closes[by][i]);
    }
  }
}

}  // namespace

void WriteSessionMetrics(absl::string_view prefix, const SessionMetricsOf<uint64_t>& metrics,
                         PrometheusWriter* out) {
  const WeftNames names(out);
  const auto named = [prefix](absl::string_view name) { return absl::StrCat(prefix, name); };
  out->Gauge(named("sessions"), "Open WebSockets.", metrics.sessions());
  out->Counter(named("sessions_opened_total"), "WebSockets that were opened.",
               metrics.sessions_opened);
  WriteCloses(named("closes_total"), metrics, out);
  out->Counter(named("messages_received_total"), "Messages received.", metrics.messages_received);
  out->Counter(named("messages_sent_total"), "Messages accepted for sending.",
               metrics.messages_sent);
  WriteByReason<DropReason>(named("messages_dropped_total"),
                            "Messages that were not sent, by reason.", metrics.dropped_messages,
                            out);
  out->Counter(named("received_bytes_total"), "Bytes read from sockets.", metrics.bytes_received);
  out->Counter(named("sent_bytes_total"), "Bytes written to sockets.", metrics.bytes_sent);
  out->Histogram(named("round_trip_seconds"), "The time from a ping to its pong.",
                 metrics.round_trip);
  out->Histogram(named("loop_lag_seconds"),
                 "The duration of a turn of an event loop, during which new events wait.",
                 metrics.loop_lag);
}

}  // namespace weft
