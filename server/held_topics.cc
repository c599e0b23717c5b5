#include "weft/server/held_topics.h"

#include <utility>
#include <variant>

namespace weft {

uint64_t HeldTopics::Hold(absl::string_view topic) {
  topics_.emplace(topic, Topic{.number = ++calls_});
  return calls_;
}

void HeldTopics::Add(absl::string_view topic, const TopicEvent& event) {
  topics_.find(topic)->second.entries.push_back({event});
}

void HeldTopics::Add(absl::string_view topic, const TopicMessage& message,
                     const TopicOptions& of_topic, bool is_live) {
  Topic& held = topics_.find(topic)->second;
  held.options = of_topic;
  const size_t bytes = TopicUpdate::CostOf(message);
  std::optional<Reservation> room = mailbox_.Reserve(bytes);
  const bool fits =
      !is_live || live_ == 0 || (live_ < kMaxMessages && live_bytes_ + bytes <= kMaxBytes);
  if (fits && room.has_value()) {
    held.entries.push_back({message, std::move(room), bytes, is_live});
    Count(held.entries.back(), 1);
    return;
  }
  room.reset();
  Drop(held);
  mailbox_.CountDropped();
  if (of_topic.is_latest()) {
    held.entries.push_back({message});
    return;
  }
  held.entries.push_back({TopicEvent{.type = TopicEvent::Type::kGap,
                                     .position = message.position,
                                     .reason = GapReason::kOverfull}});
}

// Adds the entry to the sums (1), or subtracts it (-1, as unsigned arithmetic wraps).
void HeldTopics::Count(const Entry& entry, size_t sign) {
  bytes_ += sign * entry.bytes;
  if (!entry.is_live) return;
  live_ += sign;
  live_bytes_ += sign * entry.bytes;
}

void HeldTopics::Drop(Topic& topic) {
  for (const Entry& entry : topic.entries) {
    if (std::holds_alternative<TopicMessage>(entry.entry)) mailbox_.CountDropped();
    Count(entry, -1);
  }
  topic.entries.clear();
}

void HeldTopics::Forget(absl::string_view topic) {
  const auto found = topics_.find(topic);
  if (found == topics_.end()) return;
  for (const Entry& entry : found->second.entries) Count(entry, -1);
  topics_.erase(found);
}

void HeldTopics::Clear() {
  for (auto& [name, topic] : topics_) Drop(topic);
  topics_.clear();
}

std::optional<HeldTopics::Next> HeldTopics::TakeNext(absl::string_view topic, uint64_t number) {
  const auto found = topics_.find(topic);
  if (found == topics_.end() || found->second.number != number) return std::nullopt;
  Topic& held = found->second;
  if (held.entries.empty()) {
    topics_.erase(found);
    return std::nullopt;
  }
  Next next = {std::move(held.entries.front().entry), held.options};
  Count(held.entries.front(), -1);
  held.entries.pop_front();
  return next;
}

}  // namespace weft
