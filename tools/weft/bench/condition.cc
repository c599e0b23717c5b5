#include "tools/weft/bench/condition.h"

#include <cmath>
#include <cstddef>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "tools/weft/bench/figures.h"

namespace weft::cli {

absl::StatusOr<Condition> Condition::Parse(absl::string_view text) {
  const size_t at = text.find_first_of("<>");
  if (at == absl::string_view::npos) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", text, "\" is not a condition such as p99>20ms, rate<5000 or errors>0"));
  }
  const bool with_equal = text.substr(at + 1, 1) == "=";
  Condition condition;
  condition.text_ = std::string(text);
  if (text[at] == '<') {
    condition.relation_ = with_equal ? Relation::kLessOrEqual : Relation::kLess;
  } else {
    condition.relation_ = with_equal ? Relation::kMoreOrEqual : Relation::kMore;
  }
  absl::Status status = condition.SetFigure(absl::StripAsciiWhitespace(text.substr(0, at)));
  if (!status.ok()) return status;
  status = condition.SetValue(absl::StripAsciiWhitespace(text.substr(at + (with_equal ? 2 : 1))));
  if (!status.ok()) return status;
  return condition;
}

absl::Status Condition::SetFigure(absl::string_view name) {
  name_ = std::string(name);
  double percent = 0;
  if (name == "rate") {
    figure_ = Figure::kRate;
  } else if (name == "errors") {
    figure_ = Figure::kErrors;
  } else if (name == "ratio") {
    figure_ = Figure::kRatio;
  } else if (name == "mean") {
    figure_ = Figure::kMean;
  } else if (name == "max") {
    figure_ = Figure::kMax;
  } else if (absl::StartsWith(name, "p") && absl::SimpleAtod(name.substr(1), &percent) &&
             percent > 0 && percent < 100) {
    figure_ = Figure::kPercentile;
    share_ = percent / 100;
  } else {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", name,
                     "\" is not rate, errors, ratio, mean, max or a percentile such "
                     "as p99.9"));
  }
  return absl::OkStatus();
}

absl::Status Condition::SetValue(absl::string_view text) {
  if (IsTime()) {
    absl::Duration time;
    if (!absl::ParseDuration(text, &time) || time < absl::ZeroDuration()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "\"", text, "\" is not a duration such as 20ms, to compare ", name_, " with"));
    }
    value_ = absl::ToDoubleNanoseconds(time);
  } else if (!absl::SimpleAtod(text, &value_) || !std::isfinite(value_) || value_ < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", text, "\" is not a number, to compare ", name_, " with"));
  }
  return absl::OkStatus();
}

std::optional<std::string> Condition::Holds(const BenchFigures& figures) const {
  double value = 0;
  switch (figure_) {
    case Figure::kRate:
      value = figures.rate;
      break;
    case Figure::kErrors:
      value = static_cast<double>(figures.errors);
      break;
    case Figure::kRatio:
      if (!figures.ratio.has_value()) return absl::StrCat(text_, ": no ratio was measured");
      value = *figures.ratio;
      break;
    case Figure::kMean:
      value = figures.round_trips.Mean();
      break;
    case Figure::kMax:
      value = static_cast<double>(figures.round_trips.Percentile(1));
      break;
    case Figure::kPercentile:
      value = static_cast<double>(figures.round_trips.Percentile(share_));
      break;
  }
  if (IsTime() && figures.round_trips.total() == 0) {
    return absl::StrCat(text_, ": no round trip was measured");
  }
  bool holds = false;
  switch (relation_) {
    case Relation::kLess:
      holds = value < value_;
      break;
    case Relation::kLessOrEqual:
      holds = value <= value_;
      break;
    case Relation::kMore:
      holds = value > value_;
      break;
    case Relation::kMoreOrEqual:
      holds = value >= value_;
      break;
  }
  if (!holds) return std::nullopt;
  const std::string shown = IsTime()                    ? DescribeTime(value)
                            : figure_ == Figure::kRatio ? absl::StrFormat("%.3f", value)
                                                        : Grouped(std::llround(value));
  return absl::StrCat(text_, ": ", name_, " is ", shown);
}

}  // namespace weft::cli
