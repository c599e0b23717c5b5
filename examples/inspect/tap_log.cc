#include "examples/inspect/tap_log.h"

#include <utility>

#include "absl/status/statusor.h"
#include "examples/inspect/json.h"
#include "nlohmann/json.hpp"
#include "weft/core/encoded_message.h"
#include "weft/core/frame/opcode.h"
#include "weft/server/server.h"

namespace examples {
namespace {

using nlohmann::json;

constexpr weft::SendOptions kDropOldest = {.when_full = weft::WhenFull::kDropOldest};

std::string Live(json entries) {
  return TextOf({{"type", "tap"}, {"entries", std::move(entries)}});
}

}  // namespace

void TapLog::Add(TapEntry entry) {
  const std::lock_guard<std::mutex> lock(mutex_);
  entry.id = ++last_id_;
  entries_.push_back(std::move(entry));
  if (entries_.size() > kKept) entries_.pop_front();
  if (viewers_.empty()) return;
  const absl::StatusOr<weft::EncodedMessage> message = weft::EncodedMessage::Make(
      weft::Opcode::kText, Live(json::array({SummaryJson(entries_.back())})));
  if (!message.ok()) return;  // TextOf converts everything to UTF-8
  for (const weft::SessionRef& viewer : viewers_) viewer.Send(*message, kDropOldest).IgnoreError();
}

// Under the lock, so that no entry is sent twice, or between the kept ones and the next.
void TapLog::Watch(const weft::SessionRef& viewer) {
  const std::lock_guard<std::mutex> lock(mutex_);
  json kept = json::array();
  for (const TapEntry& entry : entries_) kept.push_back(SummaryJson(entry));
  viewer.SendText(Live(std::move(kept)), kDropOldest).IgnoreError();
  viewers_.push_back(viewer);
}

void TapLog::Unwatch(const weft::SessionRef& viewer) {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::erase(viewers_, viewer);
}

std::optional<TapEntry> TapLog::Find(uint64_t id) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const uint64_t first = last_id_ - entries_.size() + 1;
  if (id < first || id > last_id_) return std::nullopt;
  return entries_[id - first];
}

}  // namespace examples
