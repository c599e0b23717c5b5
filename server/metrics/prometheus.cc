#include "weft/server/metrics/prometheus.h"

#include <array>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace weft {
namespace {

// Milliseconds as seconds, exactly.
std::string Seconds(uint64_t ms) {
  std::string digits = absl::StrCat(ms % 1000);
  digits.insert(0, 3 - digits.size(), '0');
  return absl::StrCat(ms / 1000, ".", digits);
}

// The code, or a name for the applications' codes.
std::string NameOfCloseSlot(size_t slot) {
  if (slot == CloseSlotOf(CloseCode{3000})) return "3xxx";
  if (slot == CloseSlotOf(CloseCode{4000})) return "4xxx";
  return absl::StrCat(1000 + slot);
}

template <typename Reason, size_t kSize>
void ByReason(const std::array<uint64_t, kSize>& counts, PrometheusWriter* out) {
  for (size_t i = 0; i < kSize; ++i) {
    out->Sample({{"reason", NameOf(static_cast<Reason>(i))}}, counts[i]);
  }
}

}  // namespace

void PrometheusWriter::Family(absl::string_view name, absl::string_view type,
                              absl::string_view help) {
  name_ = std::string(name);
  absl::StrAppend(&text_, "# HELP ", name, " ",
                  absl::StrReplaceAll(help, {{"\\", "\\\\"}, {"\n", "\\n"}}), "\n# TYPE ", name,
                  " ", type, "\n");
}

void PrometheusWriter::Sample(std::initializer_list<Label> labels, uint64_t value) {
  text_ += name_;
  absl::string_view separator = "{";
  for (const auto& [label, label_value] : labels) {
    const std::string escaped =
        absl::StrReplaceAll(label_value, {{"\\", "\\\\"}, {"\n", "\\n"}, {"\"", "\\\""}});
    absl::StrAppend(&text_, separator, label, "=\"", escaped, "\"");
    separator = ",";
  }
  absl::StrAppend(&text_, labels.size() > 0 ? "} " : " ", value, "\n");
}

void PrometheusWriter::Histogram(absl::string_view name, absl::string_view help,
                                 const TimeHistogram<uint64_t>& histogram) {
  Family(name, "histogram", help);
  name_ = absl::StrCat(name, "_bucket");
  uint64_t sum = 0;  // a bucket includes all smaller ones
  for (size_t i = 0; i < histogram.kBoundsMs.size(); ++i) {
    sum += histogram.counts[i];
    Sample({{"le", Seconds(histogram.kBoundsMs[i])}}, sum);
  }
  const uint64_t count = histogram.count();
  Sample({{"le", "+Inf"}}, count);
  absl::StrAppend(&text_, name, "_sum ", Seconds(histogram.sum_ms), "\n", name, "_count ", count,
                  "\n");
}

void WriteMetrics(const ServerMetrics& metrics, PrometheusWriter* out) {
  const auto one = [out](absl::string_view name, absl::string_view type, absl::string_view help,
                         uint64_t value) {
    out->Family(name, type, help);
    out->Sample(value);
  };
  one("weft_connections", "gauge", "Connections, including those in their handshake.",
      metrics.connections);
  one("weft_sessions", "gauge", "Open WebSockets.", metrics.sessions());
  one("weft_sessions_opened_total", "counter", "WebSockets that were opened.",
      metrics.sessions_opened);
  out->Family("weft_closes_total", "counter",
              "WebSockets that ended, by what ended them and by close code.");
  for (size_t by = 0; by < kClosedBys; ++by) {
    for (size_t i = 0; i < kCloseSlots; ++i) {
      // Most pairs never occur, and would hide the others.
      if (metrics.closes[by][i] == 0) continue;
      const std::string code = NameOfCloseSlot(i);
      out->Sample({{"by", NameOf(static_cast<ClosedBy>(by))}, {"code", code}},
                  metrics.closes[by][i]);
    }
  }
  out->Family("weft_handshake_failures_total", "counter",
              "Clients that got no WebSocket, by reason.");
  ByReason<HandshakeFailure>(metrics.handshake_failures, out);
  out->Family("weft_http_responses_total", "counter", "HTTP responses except upgrades, by status.");
  for (size_t i = 0; i < metrics.http_responses.size(); ++i) {
    out->Sample({{"code", absl::StrCat(i + 1, "xx")}}, metrics.http_responses[i]);
  }
  one("weft_messages_received_total", "counter", "Messages received.", metrics.messages_received);
  one("weft_messages_sent_total", "counter", "Messages accepted for sending.",
      metrics.messages_sent);
  out->Family("weft_messages_dropped_total", "counter", "Messages that were not sent, by reason.");
  ByReason<DropReason>(metrics.dropped_messages, out);
  one("weft_received_bytes_total", "counter", "Bytes read from sockets.", metrics.bytes_received);
  one("weft_sent_bytes_total", "counter", "Bytes written to sockets.", metrics.bytes_sent);
  one("weft_exceptions_total", "counter", "Exceptions that the application's code threw.",
      metrics.exceptions);
  one("weft_buffered_bytes", "gauge", "Memory held for unfinished messages and unsent answers.",
      metrics.buffered_bytes);
  one("weft_held_sessions", "gauge",
      "Sessions that are not read from, because their handlers are slower than the client.",
      metrics.held_sessions);
  out->Histogram("weft_round_trip_seconds", "The time from a ping to its pong.",
                 metrics.round_trip);
  out->Histogram("weft_loop_lag_seconds",
                 "The duration of a turn of an event loop, during which new events wait.",
                 metrics.loop_lag);
}

}  // namespace weft
