#include "weft/server/topics/loop_outlet.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "weft/sending/waiting_message.h"

namespace weft {
namespace {

// A loop is given the topics that wait when it has room for this number of bytes, or for a quarter
// of its budget.
constexpr size_t kReopenBytes = 256 << 10;

}  // namespace

size_t TopicUpdate::cost() const {
  size_t bytes = kMessageOverhead + topic.size() + answers.size() * sizeof(Answer);
  for (const Entry& entry : entries) {
    const TopicMessage* const message = std::get_if<TopicMessage>(&entry);
    if (message != nullptr) bytes += CostOf(*message);
  }
  return bytes;
}

size_t TopicUpdate::CostOf(const TopicMessage& message) {
  return kMessageOverhead + message.bytes();
}

void LoopOutlet::Send(Update update, int64_t now_ms) {
  if (state_ == State::kOpen) {
    if (Take(update)) return;
    state_ = State::kFull;
    full_since_ms_ = now_ms;
  }
  waiting_.push_back(std::move(update));
}

bool LoopOutlet::Retry() {
  while (!waiting_.empty()) {
    if (!Take(waiting_.front())) return false;
    waiting_.pop_front();
  }
  state_ = State::kOpen;
  return true;
}

std::deque<LoopOutlet::Update> LoopOutlet::Skip() {
  state_ = State::kSkipped;
  return std::exchange(waiting_, {});
}

size_t LoopOutlet::always_fits() const {
  return std::min(kReopenBytes, mailbox_->budget().most_taken() / 4);
}

absl::flat_hash_set<std::string> LoopOutlet::Reopen(int64_t now_ms) {
  if (state_ == State::kFull || !mailbox_->budget().HasRoom(always_fits())) return {};
  if (std::exchange(state_, State::kOpen) == State::kSkipped) {
    patient_from_ms_ = now_ms + kImpatientMs;
  }
  return std::exchange(topics_, {});
}

// Returns false if the budget has no room.
bool LoopOutlet::Take(Update update) {
  std::optional<Reservation> room = mailbox_->Reserve(update->cost());
  if (!room.has_value()) return false;
  taken_.push_back({std::move(update), std::move(room)});
  return true;
}

// The mailbox of a loop that has ended drops it.
void LoopOutlet::Flush() {
  if (taken_.empty()) return;
  mailbox_->Post([loop = loop_, taken = std::exchange(taken_, {})]() mutable {
    for (Taken& each : taken) {
      loop->OnTopicUpdate(*each.update);
      each.update = nullptr;
      each.room.reset();
    }
  });
}

}  // namespace weft
