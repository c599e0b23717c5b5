#include "examples/cursors/shared_room.h"

#include <chrono>
#include <memory>
#include <string>
#include <unordered_set>
#include <utility>

#include "examples/names/names.h"

namespace weft::cursors {
namespace {

int64_t NowMs() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

// Positions hardly repeat: compression would cost more than it saves.
constexpr SendOptions kAsItIs = {.compress = Compress::kNo};

}  // namespace

bool SharedRoom::full() {
  std::lock_guard<std::mutex> lock(mutex_);
  return sessions_.size() >= kMaxCursors;
}

CursorId SharedRoom::Join(SessionRef session) {
  std::lock_guard<std::mutex> lock(mutex_);
  const Welcome welcome = room_.Join(examples::FriendlyName(joined_++));
  // A session that has ended calls Leave. The lock makes the welcome the first message.
  session.SendBinary(Encode(welcome), kAsItIs).IgnoreError();
  sessions_.emplace(welcome.own, std::move(session));
  return welcome.own;
}

void SharedRoom::Leave(CursorId id) {
  std::lock_guard<std::mutex> lock(mutex_);
  room_.Leave(id);
  sessions_.erase(id);
}

absl::Status SharedRoom::OnMove(CursorId id, const Move& move) {
  const int64_t now_ms = NowMs();
  std::lock_guard<std::mutex> lock(mutex_);
  return room_.OnMove(id, move, now_ms);
}

absl::Status SharedRoom::OnPing(CursorId id, const Ping& ping) {
  std::lock_guard<std::mutex> lock(mutex_);
  return room_.OnPing(id, ping);
}

std::vector<Change> SharedRoom::All() {
  std::lock_guard<std::mutex> lock(mutex_);
  std::vector<Change> all = room_.All(NowMs());
  std::unordered_set<CursorId> bots;
  for (const Change& each : all) {
    if (each.name.has_value() && each.name->bot) bots.insert(each.id);
  }
  std::erase_if(
      all, [&bots](const Change& each) { return each.name.has_value() || bots.contains(each.id); });
  return all;
}

void SharedRoom::OnRename(CursorId id, const Rename& rename) {
  std::lock_guard<std::mutex> lock(mutex_);
  room_.OnRename(id, rename);
}

void SharedRoom::Tick() {
  const int64_t now_ms = NowMs();
  std::lock_guard<std::mutex> lock(mutex_);
  company_.Tick(room_, now_ms);
  room_.Tick(now_ms, [this](CursorId id, const std::shared_ptr<const std::string>& message) {
    return sessions_.at(id).SendBinary(message, kAsItIs);
  });
}

}  // namespace weft::cursors
