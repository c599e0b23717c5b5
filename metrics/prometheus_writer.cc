#include "weft/metrics/prometheus_writer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "weft/core/frame/utf8.h"
#include "weft/core/http/quote.h"

namespace weft {
namespace {

constexpr absl::string_view kCounter = "counter";
constexpr absl::string_view kGauge = "gauge";
constexpr absl::string_view kHistogram = "histogram";
constexpr absl::string_view kHistogramSuffixes[] = {"_bucket", "_sum", "_count"};

// The format also has colons in names of metrics, which are for the rules of Prometheus itself.
bool IsValidName(absl::string_view name) {
  return !name.empty() && !absl::ascii_isdigit(name.front()) &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return absl::ascii_isalnum(c) || c == '_'; });
}

std::string AsUtf8(absl::string_view text) {
  if (IsValidUtf8(text)) return std::string(text);
  std::string valid;
  while (!text.empty()) {
    size_t size = 1;
    while (size < 4 && size < text.size() && !IsValidUtf8(text.substr(0, size))) ++size;
    if (IsValidUtf8(text.substr(0, size))) {
      absl::StrAppend(&valid, text.substr(0, size));
      text.remove_prefix(size);
    } else {
      absl::StrAppend(&valid, "\xEF\xBF\xBD");
      text.remove_prefix(1);
    }
  }
  return valid;
}

// A whole number as such, any other in as few digits as give the same number again.
std::string FormatValue(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  constexpr double kExactIntegers = 1LL << 53;
  if (std::abs(value) <= kExactIntegers && value == std::trunc(value)) {
    return absl::StrCat(static_cast<int64_t>(value));
  }
  char digits[32];
  const auto end = std::to_chars(std::begin(digits), std::end(digits), value).ptr;
  return std::string(digits, end);
}

// Milliseconds as seconds, exactly.
std::string Seconds(uint64_t ms) {
  std::string digits = absl::StrCat(ms % 1000);
  digits.insert(0, 3 - digits.size(), '0');
  return absl::StrCat(ms / 1000, ".", digits);
}

absl::Status CheckLabels(absl::string_view name, absl::Span<const PrometheusWriter::Label> sorted) {
  for (size_t i = 0; i < sorted.size(); ++i) {
    const absl::string_view label = sorted[i].first;
    if (!IsValidName(label) || absl::StartsWith(label, "__")) {
      return absl::InvalidArgumentError(
          absl::StrCat("the metric ", Quote(name), " has a label ", Quote(label),
                       ", expected letters, digits and '_', and neither a digit nor \"__\" first"));
    }
    if (i > 0 && label == sorted[i - 1].first) {
      return absl::InvalidArgumentError(
          absl::StrCat("the metric ", Quote(name), " has the label ", Quote(label), " twice"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

void PrometheusWriter::Counter(absl::string_view name, absl::string_view help,
                               absl::Span<const Label> labels, double value) {
  Add(name, kCounter, help, labels, value);
}

void PrometheusWriter::DeclareCounter(absl::string_view name, absl::string_view help) {
  FamilyOf(name, kCounter, help);
}

void PrometheusWriter::Gauge(absl::string_view name, absl::string_view help,
                             absl::Span<const Label> labels, double value) {
  Add(name, kGauge, help, labels, value);
}

void PrometheusWriter::Histogram(absl::string_view name, absl::string_view help,
                                 const TimeHistogram<uint64_t>& histogram) {
  Family* const family = FamilyOf(name, kHistogram, help);
  if (family == nullptr) return;
  family->series.clear();
  const auto bucket = [&](absl::string_view bound, uint64_t count) {
    family->series.push_back(
        {absl::StrCat(name, "_bucket{le=\"", bound, "\"}"), absl::StrCat(count)});
  };
  uint64_t sum = 0;  // a bucket includes all smaller ones
  for (size_t i = 0; i < histogram.kBoundsMs.size(); ++i) {
    sum += histogram.counts[i];
    bucket(Seconds(histogram.kBoundsMs[i]), sum);
  }
  bucket("+Inf", histogram.count());
  family->series.push_back({absl::StrCat(name, "_sum"), Seconds(histogram.sum_ms)});
  family->series.push_back({absl::StrCat(name, "_count"), absl::StrCat(histogram.count())});
}

std::string PrometheusWriter::text() const {
  std::string text;
  for (const Family& family : families_) {
    absl::StrAppend(&text, "# HELP ", family.name, " ",
                    absl::StrReplaceAll(family.help, {{"\\", "\\\\"}, {"\n", "\\n"}}), "\n# TYPE ",
                    family.name, " ", family.type, "\n");
    for (const Series& series : family.series) {
      absl::StrAppend(&text, series.name, " ", series.value, "\n");
    }
  }
  return text;
}

void PrometheusWriter::Add(absl::string_view name, absl::string_view type, absl::string_view help,
                           absl::Span<const Label> labels, double value) {
  // {a, b} and {b, a} are the same series.
  std::vector<Label> sorted(labels.begin(), labels.end());
  std::sort(sorted.begin(), sorted.end());
  if (absl::Status status = CheckLabels(name, sorted); !status.ok()) {
    return status_.Update(std::move(status));
  }
  Family* const family = FamilyOf(name, type, help);
  if (family == nullptr) return;

  std::string series(name);
  absl::string_view separator = "{";
  for (const auto& [label, text] : sorted) {
    absl::StrAppend(
        &series, separator, label, "=\"",
        absl::StrReplaceAll(AsUtf8(text), {{"\\", "\\\\"}, {"\n", "\\n"}, {"\"", "\\\""}}), "\"");
    separator = ",";
  }
  if (!sorted.empty()) series += "}";
  const auto [position, is_new] = family->by_name.emplace(series, family->series.size());
  if (is_new) family->series.push_back({std::move(series), {}});
  family->series[position->second].value = FormatValue(value);
}

PrometheusWriter::Family* PrometheusWriter::FamilyOf(absl::string_view name, absl::string_view type,
                                                     absl::string_view help) {
  if (absl::Status status = CheckFamily(name, type); !status.ok()) {
    status_.Update(std::move(status));
    return nullptr;
  }
  const auto [position, is_new] = by_name_.emplace(name, families_.size());
  if (is_new) families_.push_back({std::string(name), type, AsUtf8(help)});
  return &families_[position->second];
}

absl::Status PrometheusWriter::CheckFamily(absl::string_view name, absl::string_view type) const {
  if (!IsValidName(name)) {
    return absl::InvalidArgumentError(
        absl::StrCat("a metric has the name ", Quote(name),
                     ", expected letters, digits and '_', and no digit first"));
  }
  if (!weft_names_ && absl::StartsWith(name, "weft_")) {
    return absl::InvalidArgumentError(
        absl::StrCat("a metric has the name ", Quote(name),
                     ", but names that begin with \"weft_\" are for those of Weft"));
  }
  if (const auto found = by_name_.find(name); found != by_name_.end()) {
    const absl::string_view other = families_[found->second].type;
    if (other == type) return absl::OkStatus();
    return absl::InvalidArgumentError(
        absl::StrCat("the metric ", Quote(name), " is a ", other, ", and cannot be a ", type));
  }
  // A histogram has three families more.
  for (const absl::string_view suffix : kHistogramSuffixes) {
    const auto histogram = by_name_.find(absl::StripSuffix(name, suffix));
    const bool is_taken =
        histogram != by_name_.end() && families_[histogram->second].type == kHistogram;
    if (is_taken || (type == kHistogram && by_name_.contains(absl::StrCat(name, suffix)))) {
      return absl::InvalidArgumentError(absl::StrCat(
          "the metric ", Quote(name), " and another one share a name that ends in ", suffix));
    }
  }
  return absl::OkStatus();
}

}  // namespace weft
