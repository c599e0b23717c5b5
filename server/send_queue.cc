#include "weft/server/send_queue.h"

#include <utility>

namespace weft {

size_t WaitingMessage::size() const {
  if (const auto* view = std::get_if<absl::string_view>(&payload)) return view->size();
  if (const auto* own = std::get_if<std::string>(&payload)) return own->size();
  if (const auto* shared = std::get_if<Shared>(&payload)) return (*shared)->size();
  return std::get<EncodedMessage>(payload).size();
}

bool SendQueue::Push(WaitingMessage message, absl::string_view key) {
  if (const auto* view = std::get_if<absl::string_view>(&message.payload)) {
    message.payload = std::string(*view);
  }
  if (!key.empty() && by_key_ != nullptr) {
    if (const auto found = by_key_->find(key); found != by_key_->end()) {
      Entry& entry = *found->second;
      const size_t before = Cost(entry);
      message.droppable = entry.message.droppable;
      entry.message = std::move(message);
      bytes_ += Cost(entry) - before;
      if (entry.message.droppable) droppable_bytes_ += Cost(entry) - before;
      return true;
    }
  }
  messages_.push_back({.message = std::move(message), .key = std::string(key)});
  const Place place = std::prev(messages_.end());
  bytes_ += Cost(*place);
  if (place->message.droppable) {
    droppable_.push_back(place);
    droppable_bytes_ += Cost(*place);
  }
  if (!key.empty()) {
    if (by_key_ == nullptr) {
      by_key_ = std::make_unique<absl::flat_hash_map<absl::string_view, Place>>();
    }
    by_key_->emplace(place->key, place);
  }
  return false;
}

WaitingMessage SendQueue::Pop() {
  const Place first = messages_.begin();
  // The first of all that is droppable is the first of the droppable.
  if (first->message.droppable) droppable_.pop_front();
  WaitingMessage message = std::move(first->message);
  bytes_ -= CostOf(message.size(), first->key);
  if (message.droppable) droppable_bytes_ -= CostOf(message.size(), first->key);
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
    bytes_ -= Cost(*place);
    droppable_bytes_ -= Cost(*place);
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
