#include "examples/chat/room_thread.h"

#include <random>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace weft::chat {
namespace {

// Optional messages are not sent to a member with this many bytes in its queue.
constexpr size_t kHintsUntilBytes = 64 << 10;

std::string RandomId() {
  std::random_device random;
  return absl::StrCat(absl::Hex(random(), absl::kZeroPad8), absl::Hex(random(), absl::kZeroPad8));
}

}  // namespace

RoomThread::RoomThread(std::function<void(absl::string_view)> on_line)
    : on_line_(std::move(on_line)), room_(RandomId(), *this), thread_([this] { Run(); }) {}

RoomThread::~RoomThread() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stop_ = true;
  }
  posted_.notify_one();
  thread_.join();
}

bool RoomThread::Post(MemberId member, What what) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (inbox_.size() >= kMaxWaiting && !std::holds_alternative<Leave>(what)) return false;
    inbox_.push_back({member, std::move(what)});
  }
  posted_.notify_one();
  return true;
}

void RoomThread::Run() {
  std::vector<Event> events;
  while (true) {
    {
      std::unique_lock<std::mutex> lock(mutex_);
      posted_.wait(lock, [this] { return stop_ || !inbox_.empty(); });
      if (inbox_.empty()) return;
      events.swap(inbox_);
    }
    for (const Event& event : events) Apply(event);
    events.clear();
  }
}

void RoomThread::Apply(const Event& event) {
  const MemberId member = event.member;
  if (const auto* page = std::get_if<EnterPage>(&event.what)) {
    sessions_[member] = page->session;
    room_.Enter(member, page->hello);
  } else if (const auto* plain = std::get_if<EnterPlain>(&event.what)) {
    sessions_[member] = plain->session;
    room_.EnterPlain(member);
  } else if (const auto* say = std::get_if<Say>(&event.what)) {
    Log(room_.Say(member, *say, absl::Now()));
  } else if (const auto* text = std::get_if<PlainText>(&event.what)) {
    Log(room_.SayPlain(member, text->text, absl::Now()));
  } else if (std::holds_alternative<Typing>(event.what)) {
    room_.Type(member);
  } else if (const auto* rename = std::get_if<Rename>(&event.what)) {
    room_.Rename(member, rename->name);
  } else {
    room_.Leave(member);
    sessions_.erase(member);
  }
}

void RoomThread::Log(const std::optional<std::string>& line) const {
  if (line.has_value()) on_line_(*line);
}

void RoomThread::Send(absl::Span<const MemberId> to, absl::string_view message) {
  SendToAll(to, message, {});
}

void RoomThread::SendHint(absl::Span<const MemberId> to, absl::string_view message,
                          absl::string_view key) {
  SendToAll(to, message,
            {.key = key, .when_full = WhenFull::kDropNewest, .max_queue_bytes = kHintsUntilBytes});
}

// Encoded, and compressed, once for all.
void RoomThread::SendToAll(absl::Span<const MemberId> to, absl::string_view message,
                           const SendOptions& options) {
  if (to.empty()) return;
  const absl::StatusOr<EncodedMessage> encoded = EncodedMessage::Make(Opcode::kText, message);
  if (!encoded.ok()) return;  // not UTF-8: received text always is
  for (const MemberId member : to) {
    // A session that has ended is about to leave the room, too.
    sessions_.at(member).Send(*encoded, options).IgnoreError();
  }
}

}  // namespace weft::chat
