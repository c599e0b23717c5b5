#include "weft/server/topics/topic_directory.h"

namespace weft {

std::shared_ptr<TopicDirectory::Count> TopicDirectory::Join(absl::string_view topic) {
  const std::lock_guard<std::mutex> lock(mutex_);
  Entry& entry = topics_[topic];
  if (++entry.loops == 1 && hook_) untold_.emplace_back(topic, true);
  return entry.subscribers;
}

void TopicDirectory::Leave(absl::string_view topic) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = topics_.find(topic);
  if (--found->second.loops > 0) return;
  topics_.erase(found);
  if (hook_) untold_.emplace_back(topic, false);
}

// Without the lock, so that the hook may call back here, and still in order: a thread that finds
// another one in the hook leaves its changes to that one.
void TopicDirectory::Tell() {
  if (!hook_) return;
  std::unique_lock<std::mutex> lock(mutex_);
  if (telling_) return;
  telling_ = true;
  while (!untold_.empty()) {
    const auto [topic, has_subscribers] = std::move(untold_.front());
    untold_.pop_front();
    lock.unlock();
    hook_(topic, has_subscribers);
    lock.lock();
  }
  telling_ = false;
}

size_t TopicDirectory::Subscribers(absl::string_view topic) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = topics_.find(topic);
  return found == topics_.end() ? 0 : found->second.subscribers->load(std::memory_order_relaxed);
}

}  // namespace weft
