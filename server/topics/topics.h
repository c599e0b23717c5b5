// The subscriptions on one loop.

#ifndef WEFT_SERVER_TOPICS_TOPICS_H_
#define WEFT_SERVER_TOPICS_TOPICS_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "weft/server/topics/topic_directory.h"
#include "weft/server/topics/topic_options.h"

namespace weft {

class ServedSession;

// InvalidArgument for a topic name longer than `max_bytes`.
absl::Status CheckTopic(absl::string_view topic, size_t max_bytes);

// A table of topics and their subscribers. One per loop, used only by its thread: no locks, except
// the directory's when a topic gets its first or loses its last subscriber. Subscribing and
// unsubscribing take constant time.
class Topics {
  struct Topic;

 public:
  // The directory must outlive the table. Without `options` all topics have the default ones.
  explicit Topics(TopicDirectory& directory, TopicOptionsFunction options = nullptr)
      : directory_(directory), options_(std::move(options)) {}

  // The subscriptions of one session; a member of the session.
  class Subscriptions {
    friend class Topics;

   public:
    // Their approximate memory in bytes. A topic counts completely for each of its subscribers,
    // because the last one alone keeps it alive.
    size_t bytes() const { return bytes_; }

   private:
    // Each topic, and the session's index in its members. Null: none, as for most sessions of most
    // servers.
    std::unique_ptr<absl::flat_hash_map<Topic*, uint32_t>> links_;
    size_t bytes_ = 0;
  };

  // Idempotent. Returns false, without a change, if that would exceed `max_topics`.
  bool Subscribe(absl::string_view topic, ServedSession* session, Subscriptions* subscriptions,
                 size_t max_topics = std::numeric_limits<size_t>::max());
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
  };

  void Remove(Subscriptions* subscriptions, Topic* topic);

  TopicDirectory& directory_;
  const TopicOptionsFunction options_;
  absl::flat_hash_map<std::string, std::unique_ptr<Topic>> topics_;  // none is empty
};

}  // namespace weft

#endif  // WEFT_SERVER_TOPICS_TOPICS_H_
