#include "weft/bench/engine/failure_counts.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "weft/core/http/http_refusal.h"

namespace weft::bench {
namespace {

const char* NameOf(const absl::Status& why) {
  switch (why.code()) {
    case absl::StatusCode::kAborted:
      return "closed by the server";
    case absl::StatusCode::kDataLoss:
      return "wrong echo";
    case absl::StatusCode::kDeadlineExceeded:
      return "no echo";
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kResourceExhausted:
      return "protocol error";
    default:
      return "connection lost";
  }
}

}  // namespace

void FailureCounts::AddUnopened(const absl::Status& why) {
  const std::optional<HttpRefusal> refusal = RefusalOf(why);
  Add(refusal.has_value() ? absl::StrCat("refused with HTTP ", refusal->status) : "cannot connect",
      1, why.message());
}

void FailureCounts::AddFailed(const absl::Status& why) { Add(NameOf(why), 1, why.message()); }

void FailureCounts::Add(const FailureCounts& other) {
  for (const auto& [name, kind] : other.kinds_) Add(name, kind.count, kind.example);
}

void FailureCounts::Add(const std::string& name, uint64_t count, absl::string_view example) {
  Kind& kind = kinds_[name];
  if (kind.count == 0) kind.example = std::string(example);
  kind.count += count;
}

uint64_t FailureCounts::total() const {
  uint64_t total = 0;
  for (const auto& [name, kind] : kinds_) total += kind.count;
  return total;
}

}  // namespace weft::bench
