#include "examples/cursors/shared_room.h"

#include <chrono>
#include <memory>
#include <string>
#include <utility>

namespace weft::cursors {
namespace {

int64_t NowMs() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

// Positions hardly repeat: compression would cost more than it saves.
constexpr SendOptions kAsItIs = {.compress = Compress::kNo};

}  // namespace

CursorId SharedRoom::Join(SessionRef session) {
  std::lock_guard<std::mutex> lock(mutex_);
  const Welcome welcome = room_.Join();
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

void SharedRoom::Tick() {
  std::lock_guard<std::mutex> lock(mutex_);
  room_.Tick(NowMs(), [this](CursorId id, const std::shared_ptr<const std::string>& message) {
    return sessions_.at(id).SendBinary(message, kAsItIs);
  });
}

}  // namespace weft::cursors
