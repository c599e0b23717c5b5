// Metrics in the text format of Prometheus, version 0.0.4.

#ifndef WEFT_METRICS_PROMETHEUS_WRITER_H_
#define WEFT_METRICS_PROMETHEUS_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "weft/metrics/time_histogram.h"

namespace weft {

// The Content-Type of the text.
inline constexpr absl::string_view kPrometheusContentType =
    "text/plain; version=0.0.4; charset=utf-8";

// Collects metrics and writes them as text. Metrics with the same name and different labels are one
// family: the text has them together, whatever the order of the calls. Not thread-safe.
//
//   PrometheusWriter out;
//   out.Gauge("chat_rooms", "Rooms with members.", rooms.size());
//   for (const Room& room : rooms) {
//     out.Counter("chat_lines_total", "Lines, by room.", {{"room", room.name()}}, room.lines());
//   }
//   if (out.status().ok()) Reply(out.text());
//
// Names consist of ASCII letters, digits and '_', and do not begin with a digit. Those of metrics
// do not begin with "weft_", which is for those of Weft, and those of labels not with "__". A
// name that breaks a rule is refused: the text lacks the metric, and status() names it.
//
// Values of labels, and help, may be any text. They are escaped; what is not UTF-8, for which
// Prometheus would refuse the whole page, becomes U+FFFD. Each combination of values is a time
// series that Prometheus stores: do not let clients choose them without limit.
class PrometheusWriter {
 public:
  using Label = std::pair<absl::string_view, absl::string_view>;  // name, value

  // A count since the start, which only grows. By custom its name ends in "_total".
  void Counter(absl::string_view name, absl::string_view help, double value) {
    Counter(name, help, {}, value);
  }
  void Counter(absl::string_view name, absl::string_view help, absl::Span<const Label> labels,
               double value);

  // The family of a count without any series yet.
  void DeclareCounter(absl::string_view name, absl::string_view help);

  // A current value, which may also be NaN or infinite.
  void Gauge(absl::string_view name, absl::string_view help, double value) {
    Gauge(name, help, {}, value);
  }
  void Gauge(absl::string_view name, absl::string_view help, absl::Span<const Label> labels,
             double value);

  // The distribution of times, in seconds. Its name is also that of a family with each of the
  // suffixes "_bucket", "_sum" and "_count".
  void Histogram(absl::string_view name, absl::string_view help,
                 const TimeHistogram<uint64_t>& histogram);

  // A second value for the same name and labels replaces the first. A family has the help of its
  // first call. A name can have only one type: a call with another one is refused.

  // OK, or why the first metric was refused.
  const absl::Status& status() const { return status_; }

  // Everything that was not refused; the families are in the order of their first calls.
  std::string text() const;

 private:
  struct Series {
    std::string name;  // with labels
    std::string value;
  };
  struct Family {
    std::string name;
    absl::string_view type;
    std::string help;
    std::vector<Series> series{};
    absl::flat_hash_map<std::string, size_t> by_name{};  // positions in `series`
  };

  friend class WeftNames;

  // Null if the name is refused.
  Family* FamilyOf(absl::string_view name, absl::string_view type, absl::string_view help);
  absl::Status CheckFamily(absl::string_view name, absl::string_view type) const;
  void Add(absl::string_view name, absl::string_view type, absl::string_view help,
           absl::Span<const Label> labels, double value);

  bool weft_names_ = false;  // they are allowed
  absl::Status status_;
  std::vector<Family> families_;
  absl::flat_hash_map<std::string, size_t> by_name_;  // positions in `families_`
};

// Allows the writer names that begin with "weft_", as long as this lives. For Weft's own metrics.
class WeftNames {
 public:
  explicit WeftNames(PrometheusWriter* out) : out_(*out) { out_.weft_names_ = true; }
  ~WeftNames() { out_.weft_names_ = false; }
  WeftNames(const WeftNames&) = delete;
  WeftNames& operator=(const WeftNames&) = delete;

 private:
  PrometheusWriter& out_;
};

}  // namespace weft

#endif  // WEFT_METRICS_PROMETHEUS_WRITER_H_
