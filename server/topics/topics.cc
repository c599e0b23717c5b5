#include "weft/server/topics/topics.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace weft {
namespace {

// The approximate memory of a subscription besides the topic's name, which three tables have:
// entries of hash tables, the topic, the index among its members.
constexpr size_t kOverhead = 320;
size_t CostOf(absl::string_view topic) { return kOverhead + 3 * topic.size(); }

}  // namespace

absl::Status CheckTopic(absl::string_view topic, size_t max_bytes) {
  if (topic.size() <= max_bytes) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("the name of a topic has at most ", max_bytes,
                                                 " bytes, not ", topic.size(),
                                                 ": see limits.max_topic_bytes"));
}

bool Topics::Subscribe(absl::string_view topic, ServedSession* session,
                       Subscriptions* subscriptions, size_t max_topics) {
  auto found = topics_.find(topic);
  const bool first = found == topics_.end();
  if (subscriptions->links_ == nullptr) {
    subscriptions->links_ = std::make_unique<absl::flat_hash_map<Topic*, uint32_t>>();
  }
  auto& links = *subscriptions->links_;
  if (!first && links.contains(found->second.get())) return true;
  if (links.size() >= max_topics) return false;
  if (first) {
    auto entry = std::make_unique<Topic>(Topic{.name = std::string(topic)});
    if (options_) entry->options = options_(topic);
    entry->subscribers = directory_.Join(topic);
    found = topics_.emplace(entry->name, std::move(entry)).first;
  }
  Topic* const entry = found->second.get();
  links.emplace(entry, static_cast<uint32_t>(entry->members.size()));
  entry->members.push_back({session, subscriptions});
  subscriptions->bytes_ += CostOf(topic);
  ++*entry->subscribers;
  if (first) directory_.Tell();  // the hook may call back here
  return true;
}

void Topics::Unsubscribe(absl::string_view topic, Subscriptions* subscriptions) {
  const auto found = topics_.find(topic);
  if (subscriptions->links_ == nullptr || found == topics_.end()) return;
  Topic* const entry = found->second.get();
  if (subscriptions->links_->contains(entry)) Remove(subscriptions, entry);
}

void Topics::UnsubscribeAll(Subscriptions* subscriptions) {
  // A hook may call back here, and change the tables.
  while (subscriptions->links_ != nullptr) {
    std::vector<Topic*> topics;
    topics.reserve(subscriptions->links_->size());
    for (const auto& [topic, member] : *subscriptions->links_) topics.push_back(topic);
    if (topics.empty()) {
      subscriptions->links_.reset();
      return;
    }
    for (Topic* topic : topics) {
      if (subscriptions->links_ != nullptr && subscriptions->links_->contains(topic)) {
        Remove(subscriptions, topic);
      }
    }
  }
}

// Moves the last member to the place of the one that leaves, and updates its session's index.
void Topics::Remove(Subscriptions* subscriptions, Topic* topic) {
  const auto link = subscriptions->links_->find(topic);
  const uint32_t member = link->second;
  subscriptions->links_->erase(link);
  subscriptions->bytes_ -= CostOf(topic->name);

  topic->members[member] = topic->members.back();
  topic->members.pop_back();
  if (member < topic->members.size()) {
    topic->members[member].subscriptions->links_->find(topic)->second = member;
  }

  --*topic->subscribers;
  if (!topic->members.empty()) return;
  const std::string name = std::move(topic->name);
  topics_.erase(name);
  directory_.Leave(name);
  directory_.Tell();  // the hook may call back here
}

}  // namespace weft
