// The subscriptions on one loop.

#ifndef WEFT_SERVER_TOPICS_TOPICS_H_
#define WEFT_SERVER_TOPICS_TOPICS_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "weft/server/topics/position.h"
#include "weft/server/topics/topic_brokers.h"
#include "weft/server/topics/topic_directory.h"
#include "weft/server/topics/topic_options.h"

namespace weft {

class ServedSession;

// InvalidArgument for a topic name longer than `max_bytes`, and for Broker::kNodesTopic.
absl::Status CheckTopic(absl::string_view topic, size_t max_bytes);

// A table of topics and their subscribers. One per loop, used only by its thread: no locks, except
// the directory's when a topic gets its first or loses its last subscriber. Subscribing and
// unsubscribing take constant time.
//
// In a topic that a broker carries a session joins first: it is a member when the broker's answer
// arrives, in LoopTopics.
class Topics {
  struct Topic;

 public:
  // The directory, and the brokers, which know the topics' options, and this loop as `loop`, must
  // outlive the table. Without `brokers` all topics have the default options.
  explicit Topics(TopicDirectory& directory, TopicBrokers* brokers = nullptr, size_t loop = 0)
      : directory_(directory), brokers_(brokers), loop_(loop) {}

  // The subscriptions of one session; a member of the session.
  class Subscriptions {
    friend class Topics;

   public:
    // Their approximate memory in bytes. A topic counts completely for each of its subscribers,
    // because the last one alone keeps it alive.
    size_t bytes() const { return bytes_; }

   private:
    // Each topic, and the session's index in its members, or kJoining and the number of its join.
    // Null: none, as for most sessions of most servers.
    std::unique_ptr<absl::flat_hash_map<Topic*, uint32_t>> links_;
    size_t bytes_ = 0;
  };

  // Idempotent. Without a change: ResourceExhausted if that would exceed `max_topics`, and errors
  // of TopicBrokers::OptionsOf and SharedTopics::Join. `since`: of SubscribeOptions, for a topic
  // that a broker carries.
  absl::Status Subscribe(absl::string_view topic, ServedSession* session,
                         Subscriptions* subscriptions,
                         size_t max_topics = std::numeric_limits<size_t>::max(),
                         std::optional<Position> since = std::nullopt);
  void Unsubscribe(absl::string_view topic, Subscriptions* subscriptions);
  void UnsubscribeAll(Subscriptions* subscriptions);

  // Calls `visit` with each subscribed ServedSession&, and the topic's options; it must not change
  // the table.
  template <typename Visit>
  void ForEachSubscriber(absl::string_view topic, Visit visit) const {
    const auto found = topics_.find(topic);
    if (found == topics_.end()) return;
    const Topic& entry = *found->second;
    for (const Member& member : entry.members) visit(*member.session, entry.options);
  }

  // The same for the members of a topic that a broker carries. `visit` may change the table: it is
  // not called for those that leave meanwhile.
  template <typename Visit>
  void ForEachMember(absl::string_view topic, Visit visit) {
    const auto found = topics_.find(topic);
    if (found == topics_.end()) return;
    for (const Member& member : std::vector<Member>(found->second->members)) {
      if (IsMember(topic, member)) visit(*member.session);
    }
  }

  // A session that waits for the broker's answer, by the number of its join; none if it has
  // unsubscribed. Joined(): it is a member from now on.
  struct Joining {
    ServedSession* session;
    const TopicOptions* options;  // of the topic
  };
  std::optional<Joining> FindJoining(absl::string_view topic, uint32_t number) const;
  void Joined(absl::string_view topic, uint32_t number);

  // Whether the session with these subscriptions has one to the topic.
  bool IsSubscribed(absl::string_view topic, const Subscriptions& subscriptions) const;

  // Whether a broker carries it; of a topic with a subscriber.
  bool IsCarried(absl::string_view topic) const;

  // The number of topics with a subscriber.
  size_t size() const { return topics_.size(); }

 private:
  struct Member {
    ServedSession* session;
    Subscriptions* subscriptions;
  };
  struct Topic {
    std::string name{};
    TopicOptions options{};
    std::shared_ptr<TopicDirectory::Count> subscribers{};  // of all loops
    std::vector<Member> members{};
    SharedTopics* carrier = nullptr;  // null: no broker
    absl::flat_hash_map<uint32_t, Member> joining{};
  };

  static constexpr uint32_t kJoining = uint32_t{1} << 31;

  bool IsMember(absl::string_view topic, const Member& member) const;

  void Remove(Subscriptions* subscriptions, Topic* topic);

  TopicDirectory& directory_;
  TopicBrokers* const brokers_;
  const size_t loop_;
  uint32_t joins_ = 0;
  absl::flat_hash_map<std::string, std::unique_ptr<Topic>> topics_;  // none is empty
};

}  // namespace weft

#endif  // WEFT_SERVER_TOPICS_TOPICS_H_
