// The topics to which a node is subscribed.

#ifndef WEFT_CLUSTER_REDIS_SUBSCRIPTIONS_H_
#define WEFT_CLUSTER_REDIS_SUBSCRIPTIONS_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "weft/cluster/redis/connection.h"
#include "weft/cluster/redis/resp.h"
#include "weft/cluster/redis/wire.h"
#include "weft/server/topics/broker.h"
#include "weft/server/topics/topic_history.h"

namespace weft {

// The subscriber's side, over all connections: SUBSCRIBE in commands of
// many channels, the messages, and which topics need a check of their positions. For the loop's
// thread.
class RedisSubscriptions {
 public:
  class User {
   public:
    virtual void OnMessages(absl::string_view topic, std::vector<TopicMessage> messages) = 0;

    // A subscription has begun. With history a check is due: TakeToCheck().
    virtual void OnBegun(absl::string_view topic, bool has_history) = 0;

    // A message cannot be read. `topic` may be empty.
    virtual void OnUnreadable(absl::string_view topic, const absl::Status& why) = 0;

    // A message of the node's own channel.
    virtual void OnProbe() = 0;

   protected:
    ~User() = default;
  };

  // The topics of a check, with the number that names the subscription.
  using ToCheck = std::vector<std::pair<std::string, uint64_t>>;

  // `names` and `user` must outlive it. `node` is the name of the own channel.
  RedisSubscriptions(const RedisNames& names, absl::string_view node, User& user);

  // A connection is open: subscribes to all topics, and to the own channel. It must be reset before
  // it ends.
  void Connected(RedisConnection& connection);
  void Disconnected();

  void Subscribe(absl::Span<const Broker::Subscription> subscriptions);
  void Unsubscribe(absl::Span<const std::string> topics);

  // Adds topics with history whose subscription has begun to those to check; that of the others
  // follows by itself.
  void Check(absl::Span<const std::string> topics);
  void CheckAgain(const ToCheck& topics);

  // At most `limit` topics.
  ToCheck TakeToCheck(size_t limit);

  // Whether the subscription of this number has begun, and has not ended.
  bool IsLive(absl::string_view topic, uint64_t number) const;

  // OK, or what the connection must be closed with.
  absl::Status OnPush(RespValue& reply);

  // Writes more SUBSCRIBE commands, if it is time.
  void Continue();

  size_t size() const { return topics_.size(); }

  // Messages of topics.
  uint64_t received() const { return received_; }

 private:
  struct Topic {
    uint64_t number;  // another one than that of an earlier subscription to the topic
    bool has_history;
    bool sent = false;      // SUBSCRIBE was written to this connection
    bool live = false;      // ... and was confirmed
    bool to_check = false;  // it is in to_check_
  };
  using Queue = std::deque<std::pair<std::string, uint64_t>>;

  void AddToCheck(const std::string& name, Topic& topic);

  // Keeps what ends and begins again and again from filling a queue that waits.
  void Prune(Queue* queue) const;

  absl::Status TakeMessage(absl::string_view channel, absl::string_view payload);
  absl::Status TakeConfirmation(bool subscribe, absl::string_view channel);

  const RedisNames& names_;
  const std::string node_channel_;
  User& user_;
  RedisConnection* connection_ = nullptr;
  uint64_t numbers_ = 0;
  uint64_t received_ = 0;
  absl::flat_hash_map<std::string, Topic> topics_;
  Queue to_subscribe_;
  Queue to_check_;

  // For each channel in a command that Redis has not confirmed, in their order: the number of the
  // subscription, and 0 for the own channel and for the end of a subscription.
  std::deque<uint64_t> unconfirmed_;
};

}  // namespace weft

#endif  // WEFT_CLUSTER_REDIS_SUBSCRIPTIONS_H_
