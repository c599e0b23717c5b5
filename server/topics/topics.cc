#include "weft/server/topics/topics.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "weft/core/http/quote.h"
#include "weft/server/topics/broker.h"

namespace weft {
namespace {

// The approximate memory of a subscription besides the topic's name: entries of hash tables, the
// topic, the index among its members. Three tables have the name, and so has the list of a session
// that has missed a message of the topic.
constexpr size_t kOverhead = 352;
size_t CostOf(absl::string_view topic) { return kOverhead + 4 * topic.size(); }

}  // namespace

absl::Status CheckTopic(absl::string_view topic, size_t max_bytes) {
  if (topic == Broker::kNodesTopic) {
    return absl::InvalidArgumentError(
        absl::StrCat("the topic ", Quote(topic), " is that of the nodes of a cluster"));
  }
  if (topic.size() <= max_bytes) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("the name of a topic has at most ", max_bytes,
                                                 " bytes, not ", topic.size(),
                                                 ": see limits.max_topic_bytes"));
}

absl::Status Topics::Subscribe(absl::string_view topic, ServedSession* session,
                               Subscriptions* subscriptions, size_t max_topics,
                               std::optional<Position> since) {
  auto found = topics_.find(topic);
  const bool first = found == topics_.end();
  if (subscriptions->links_ == nullptr) {
    subscriptions->links_ = std::make_unique<absl::flat_hash_map<Topic*, uint32_t>>();
  }
  auto& links = *subscriptions->links_;
  if (!first && links.contains(found->second.get())) return absl::OkStatus();
  if (links.size() >= max_topics) {
    return absl::ResourceExhaustedError(absl::StrCat("the session is subscribed to ", max_topics,
                                                     " topics: see limits.max_topics_per_session"));
  }
  std::unique_ptr<Topic> added;
  if (first) {
    added = std::make_unique<Topic>(Topic{.name = std::string(topic)});
    if (brokers_ != nullptr) {
      const absl::StatusOr<TopicOptions> options = brokers_->OptionsOf(topic);
      if (!options.ok()) return options.status();
      added->options = *options;
      added->carrier = brokers_->CarrierOf(added->options);
    }
  }
  Topic* const entry = first ? added.get() : found->second.get();
  const uint32_t number = joins_ % (kJoining - 1) + 1;  // of the join, if there is one
  if (entry->carrier != nullptr) {
    const bool is_new = first && directory_.Subscribers(topic) == 0;
    absl::Status status = entry->carrier->Join(loop_, topic, entry->options, since, number, is_new);
    if (!status.ok()) return status;
  }
  if (first) {
    entry->subscribers = directory_.Join(topic);
    topics_.emplace(entry->name, std::move(added));
  }
  if (entry->carrier == nullptr) {
    links.emplace(entry, static_cast<uint32_t>(entry->members.size()));
    entry->members.push_back({session, subscriptions});
  } else {
    joins_ = number;
    links.emplace(entry, kJoining | number);
    entry->joining.emplace(number, Member{session, subscriptions});
  }
  subscriptions->bytes_ += CostOf(topic);
  ++*entry->subscribers;
  if (first) directory_.Tell();  // the hook may call back here
  return absl::OkStatus();
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

  const bool is_joining = (member & kJoining) != 0;
  if (is_joining) {
    topic->joining.erase(member & ~kJoining);
  } else {
    topic->members[member] = topic->members.back();
    topic->members.pop_back();
    if (member < topic->members.size()) {
      topic->members[member].subscriptions->links_->find(topic)->second = member;
    }
  }
  if (topic->carrier != nullptr) {
    topic->carrier->Leave(loop_, topic->name, is_joining ? member & ~kJoining : 0);
  }

  --*topic->subscribers;
  if (!topic->members.empty() || !topic->joining.empty()) return;
  const std::string name = std::move(topic->name);
  topics_.erase(name);
  directory_.Leave(name);
  directory_.Tell();  // the hook may call back here
}

bool Topics::IsMember(absl::string_view topic, const Member& member) const {
  const auto found = topics_.find(topic);
  if (found == topics_.end() || member.subscriptions->links_ == nullptr) return false;
  const auto link = member.subscriptions->links_->find(found->second.get());
  return link != member.subscriptions->links_->end() && (link->second & kJoining) == 0;
}

std::optional<Topics::Joining> Topics::FindJoining(absl::string_view topic, uint32_t number) const {
  const auto found = topics_.find(topic);
  if (found == topics_.end()) return std::nullopt;
  const auto joining = found->second->joining.find(number);
  if (joining == found->second->joining.end()) return std::nullopt;
  return Joining{joining->second.session, &found->second->options};
}

void Topics::Joined(absl::string_view topic, uint32_t number) {
  Topic* const entry = topics_.find(topic)->second.get();
  const auto joining = entry->joining.find(number);
  const Member member = joining->second;
  entry->joining.erase(joining);
  member.subscriptions->links_->find(entry)->second = static_cast<uint32_t>(entry->members.size());
  entry->members.push_back(member);
}

bool Topics::IsSubscribed(absl::string_view topic, const Subscriptions& subscriptions) const {
  const auto found = topics_.find(topic);
  return found != topics_.end() && subscriptions.links_ != nullptr &&
         subscriptions.links_->contains(found->second.get());
}

bool Topics::IsCarried(absl::string_view topic) const {
  const auto found = topics_.find(topic);
  return found != topics_.end() && found->second->carrier != nullptr;
}

}  // namespace weft
