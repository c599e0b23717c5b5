#include "weft/server/topics.h"

#include <utility>

namespace weft {

void Topics::Subscribe(absl::string_view topic, Session* session, Subscriptions* subscriptions) {
  for (const Subscriptions::Link& link : subscriptions->links_) {
    if (link.topic->name == topic) return;
  }
  std::unique_ptr<Topic>& entry = topics_[topic];
  if (entry == nullptr) entry = std::make_unique<Topic>(Topic{.name = std::string(topic)});
  const uint32_t link = subscriptions->links_.size();
  const uint32_t member = entry->members.size();
  entry->members.push_back({session, subscriptions, link});
  subscriptions->links_.push_back({entry.get(), member});
}

void Topics::Unsubscribe(absl::string_view topic, Subscriptions* subscriptions) {
  for (uint32_t link = 0; link < subscriptions->links_.size(); ++link) {
    if (subscriptions->links_[link].topic->name == topic) return Remove(subscriptions, link);
  }
}

void Topics::UnsubscribeAll(Subscriptions* subscriptions) {
  while (!subscriptions->links_.empty()) {
    Remove(subscriptions, static_cast<uint32_t>(subscriptions->links_.size() - 1));
  }
}

// In both lists the last one takes the place of the one that leaves, and its other end is told.
void Topics::Remove(Subscriptions* subscriptions, uint32_t link) {
  Topic* const topic = subscriptions->links_[link].topic;
  const uint32_t member = subscriptions->links_[link].member;

  topic->members[member] = topic->members.back();
  topic->members.pop_back();
  if (member < topic->members.size()) {
    const Member& moved = topic->members[member];
    moved.subscriptions->links_[moved.link].member = member;
  }

  std::vector<Subscriptions::Link>& links = subscriptions->links_;
  links[link] = links.back();
  links.pop_back();
  if (link < links.size()) links[link].topic->members[links[link].member].link = link;

  if (topic->members.empty()) topics_.erase(topic->name);
}

}  // namespace weft
