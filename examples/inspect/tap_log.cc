#include "examples/inspect/tap_log.h"

#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "examples/inspect/json.h"
#include "nlohmann/json.hpp"
#include "weft/core/encoded_message.h"
#include "weft/core/frame/opcode.h"
#include "weft/server/server.h"

namespace examples {
namespace {

using nlohmann::json;

constexpr weft::SendOptions kDropOldest = {.when_full = weft::WhenFull::kDropOldest};

json Live(json entries) { return {{"type", "tap"}, {"entries", std::move(entries)}}; }

json Arriving(const TapEntry& entry) {
  return {{"type", "arriving"}, {"entry", SummaryJson(entry)}};
}

}  // namespace

void TapLog::Add(TapEntry entry) {
  const std::lock_guard<std::mutex> lock(mutex_);
  entry.id = ++last_id_;
  arriving_.erase({entry.connection, entry.sender});
  entries_.push_back(std::move(entry));
  if (entries_.size() > kKept) entries_.pop_front();
  if (viewers_.empty()) return;
  Tell(Live(json::array({SummaryJson(entries_.back())})), kDropOldest);
}

void TapLog::Arrive(TapEntry entry) {
  const std::lock_guard<std::mutex> lock(mutex_);
  // Of those that wait for a slow page the latest is enough.
  const std::string key = absl::StrCat("arriving/", entry.connection, "/", RoleName(entry.sender));
  Tell(Arriving(entry), {.key = key, .when_full = weft::WhenFull::kDropOldest});
  arriving_.insert_or_assign({entry.connection, entry.sender}, std::move(entry));
}

std::optional<TapEntry> TapLog::FindArriving(int connection, weft::Role sender) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = arriving_.find({connection, sender});
  if (found == arriving_.end()) return std::nullopt;
  return found->second;
}

void TapLog::Forget(int connection) {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (const weft::Role sender : {weft::Role::kClient, weft::Role::kServer}) {
    arriving_.erase({connection, sender});
  }
  Tell({{"type", "closed"}, {"connection", connection}}, kDropOldest);
}

void TapLog::Tell(const json& message, const weft::SendOptions& options) {
  const absl::StatusOr<weft::EncodedMessage> encoded =
      weft::EncodedMessage::Make(weft::Opcode::kText, TextOf(message));
  if (!encoded.ok()) return;  // TextOf converts everything to UTF-8
  for (const weft::SessionRef& viewer : viewers_) viewer.Send(*encoded, options).IgnoreError();
}

// Under the lock, so that no entry is sent twice, or between the kept ones and the next.
void TapLog::Watch(const weft::SessionRef& viewer) {
  const std::lock_guard<std::mutex> lock(mutex_);
  json kept = json::array();
  for (const TapEntry& entry : entries_) kept.push_back(SummaryJson(entry));
  viewer.SendText(TextOf(Live(std::move(kept))), kDropOldest).IgnoreError();
  for (const auto& [end, entry] : arriving_) {
    viewer.SendText(TextOf(Arriving(entry)), kDropOldest).IgnoreError();
  }
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
