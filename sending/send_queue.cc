#include "weft/sending/send_queue.h"

#include <string>
#include <utility>
#include <variant>

namespace weft {
namespace {

constexpr size_t kMore = 1, kLess = -1;  // unsigned arithmetic wraps

}  // namespace

// Adds the entry to the sums (kMore), or subtracts it (kLess).
void SendQueue::Count(const Entry& entry, size_t sign) {
  const size_t cost = sign * Cost(entry);
  bytes_ += cost;
  if (entry.message.droppable) droppable_bytes_ += cost;
  if (entry.message.hold != nullptr) held_bytes_ += sign * entry.message.size();
}

bool SendQueue::Push(WaitingMessage message, absl::string_view key) {
  if (const auto* view = std::get_if<absl::string_view>(&message.payload)) {
    message.payload = std::string(*view);
  }
  if (!key.empty() && by_key_ != nullptr) {
    if (const auto found = by_key_->find(key); found != by_key_->end()) {
      Entry& entry = *found->second;
      Count(entry, kLess);
      message.droppable = entry.message.droppable;
      entry.message = std::move(message);
      Count(entry, kMore);
      return true;
    }
  }
  messages_.push_back({.message = std::move(message), .key = std::string(key)});
  const Place place = std::prev(messages_.end());
  Count(*place, kMore);
  if (place->message.droppable) droppable_.push_back(place);
  if (!key.empty()) {
    if (by_key_ == nullptr) {
      by_key_ = std::make_unique<absl::flat_hash_map<absl::string_view, Place>>();
    }
    by_key_->emplace(place->key, place);
  }
  return false;
}

void SendQueue::ForgetKey(absl::string_view key) {
  if (by_key_ == nullptr) return;
  const auto found = by_key_->find(key);
  if (found == by_key_->end()) return;
  Entry& entry = *found->second;
  by_key_->erase(found);
  if (by_key_->empty()) by_key_.reset();
  Count(entry, kLess);
  entry.key.clear();
  Count(entry, kMore);
}

WaitingMessage SendQueue::Pop() {
  const Place first = messages_.begin();
  // If the first message is droppable, it is the first in droppable_.
  if (first->message.droppable) droppable_.pop_front();
  Count(*first, kLess);
  WaitingMessage message = std::move(first->message);
  Remove(first);
  return message;
}

size_t SendQueue::DropOldest(size_t bytes) {
  if (bytes > droppable_bytes_) return 0;
  size_t dropped = 0;
  for (size_t freed = 0; freed < bytes; ++dropped) {
    const Place place = droppable_.front();
    droppable_.pop_front();
    freed += Cost(*place);
    Count(*place, kLess);
    Remove(place);
  }
  return dropped;
}

size_t SendQueue::BytesOf(absl::string_view key) const {
  if (key.empty() || by_key_ == nullptr) return 0;
  const auto found = by_key_->find(key);
  return found == by_key_->end() ? 0 : Cost(*found->second);
}

void SendQueue::Remove(Place place) {
  if (!place->key.empty()) {
    by_key_->erase(place->key);
    if (by_key_->empty()) by_key_.reset();
  }
  messages_.erase(place);
}

}  // namespace weft
