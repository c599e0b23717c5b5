// Metrics in the text format of Prometheus, version 0.0.4.

#ifndef WEFT_SERVER_METRICS_PROMETHEUS_H_
#define WEFT_SERVER_METRICS_PROMETHEUS_H_

#include <cstdint>
#include <initializer_list>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "weft/server/metrics/metrics.h"
#include "weft/server/metrics/time_histogram.h"

namespace weft {

// The Content-Type of the text.
inline constexpr absl::string_view kPrometheusContentType =
    "text/plain; version=0.0.4; charset=utf-8";

// Writes families of samples, one after the other.
//
//   PrometheusWriter out;
//   out.Family("chat_rooms", "gauge", "Rooms with members.");
//   out.Sample(rooms.size());
//   out.Family("chat_lines_total", "counter", "Lines, by room.");
//   for (const Room& room : rooms) out.Sample({{"room", room.name()}}, room.lines());
//   Reply(out.text());
class PrometheusWriter {
 public:
  // Begins a family. `name` and `type` must be valid in the format; `help` may be any text.
  void Family(absl::string_view name, absl::string_view type, absl::string_view help);

  // A sample of the family, with labels, whose values may be any text.
  using Label = std::pair<absl::string_view, absl::string_view>;  // name, value
  void Sample(uint64_t value) { Sample({}, value); }
  void Sample(std::initializer_list<Label> labels, uint64_t value);

  // A family of type "histogram", in seconds.
  void Histogram(absl::string_view name, absl::string_view help,
                 const TimeHistogram<uint64_t>& histogram);

  const std::string& text() const { return text_; }

 private:
  std::string name_;
  std::string text_;
};

// All of them, with names that begin with "weft_".
void WriteMetrics(const ServerMetrics& metrics, PrometheusWriter* out);

}  // namespace weft

#endif  // WEFT_SERVER_METRICS_PROMETHEUS_H_
