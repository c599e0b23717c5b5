#include "bench/restart/counts.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"

namespace weft::bench {
namespace {

// The kind of an attempt that failed.
std::string KindOf(const absl::Status& error) {
  const absl::string_view text = error.message();
  if (absl::StrContains(text, "Connection refused")) return "refused";
  if (absl::StrContains(text, "503")) return "HTTP 503";
  if (absl::StrContains(text, "reset")) return "reset";
  if (absl::IsDeadlineExceeded(error)) return "timeout";
  return std::string(text);
}

}  // namespace

void Counts::Opened(absl::Duration waited) {
  const std::lock_guard<std::mutex> lock(mutex_);
  waits_.Add(absl::ToInt64Microseconds(waited));
  longest_ = std::max(longest_, waited);
}

void Counts::Count(const std::string& what) {
  const std::lock_guard<std::mutex> lock(mutex_);
  ++counts_[what];
}

void Counts::CountFailure(const absl::Status& error) {
  const std::lock_guard<std::mutex> lock(mutex_);
  ++failures_[KindOf(error)];
}

uint64_t Counts::count(const std::string& what) {
  const std::lock_guard<std::mutex> lock(mutex_);
  return counts_[what];
}

uint64_t Counts::Report() {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (const auto& [what, count] : counts_) absl::PrintF("%-44s %8d\n", what, count);
  absl::PrintF("%-44s %8d\n", "refused", failures_["refused"]);
  uint64_t failed = 0;
  for (const auto& [kind, count] : failures_) {
    failed += count;
    if (kind != "refused") absl::PrintF("failed: %-36s %8d\n", kind, count);
  }
  for (const double share : {0.5, 0.99}) {
    absl::PrintF("%-44s %8.1f\n", absl::StrCat("a new connection: p", share * 100, ", ms"),
                 waits_.Percentile(share) / 1000.0);
  }
  absl::PrintF("%-44s %8.1f\n", "a new connection: longest, ms",
               absl::ToDoubleMilliseconds(longest_));
  return failed;
}

}  // namespace weft::bench
