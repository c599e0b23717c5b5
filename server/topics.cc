#include "weft/server/topics.h"

#include <utility>

namespace weft {

void Topics::Subscribe(absl::string_view topic, Session* session, Subscriptions* subscriptions) {
  if (subscriptions->links_ == nullptr) {
    subscriptions->links_ = std::make_unique<std::vector<Subscriptions::Link>>();
  }
  std::vector<Subscriptions::Link>& links = *subscriptions->links_;
  for (const Subscriptions::Link& link : links) {
    if (link.topic->name == topic) return;
  }
  auto found = topics_.find(topic);
  const bool first = found == topics_.end();
  if (first) {
    auto entry = std::make_unique<Topic>(Topic{.name = std::string(topic)});
    if (options_) entry->options = options_(topic);
    entry->subscribers = directory_.Join(topic);
    found = topics_.emplace(entry->name, std::move(entry)).first;
  }
  Topic* const entry = found->second.get();
  const uint32_t link = links.size();
  const uint32_t member = entry->members.size();
  entry->members.push_back({session, subscriptions, link});
  links.push_back({entry, member});
  ++*entry->subscribers;
  if (first) directory_.Tell();  // the hook may come back here
}

void Topics::Unsubscribe(absl::string_view topic, Subscriptions* subscriptions) {
  if (subscriptions->links_ == nullptr) return;
  const std::vector<Subscriptions::Link>& links = *subscriptions->links_;
  for (uint32_t link = 0; link < links.size(); ++link) {
    if (links[link].topic->name == topic) return Remove(subscriptions, link);
  }
}

void Topics::UnsubscribeAll(Subscriptions* subscriptions) {
  if (subscriptions->links_ == nullptr) return;
  while (!subscriptions->links_->empty()) {
    Remove(subscriptions, static_cast<uint32_t>(subscriptions->links_->size() - 1));
  }
}

// In both lists the last one takes the place of the one that leaves, and its other end is told.
void Topics::Remove(Subscriptions* subscriptions, uint32_t link) {
  std::vector<Subscriptions::Link>& links = *subscriptions->links_;
  Topic* const topic = links[link].topic;
  const uint32_t member = links[link].member;

  topic->members[member] = topic->members.back();
  topic->members.pop_back();
  if (member < topic->members.size()) {
    const Member& moved = topic->members[member];
    (*moved.subscriptions->links_)[moved.link].member = member;
  }

  links[link] = links.back();
  links.pop_back();
  if (link < links.size()) links[link].topic->members[links[link].member].link = link;

  --*topic->subscribers;
  if (!topic->members.empty()) return;
  const std::string name = std::move(topic->name);
  topics_.erase(name);
  directory_.Leave(name);
  directory_.Tell();  // the hook may come back here
}

}  // namespace weft
