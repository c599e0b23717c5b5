// The nodes that share a broker's topics, and what they know of each other.

#ifndef WEFT_CLUSTER_CLUSTER_H_
#define WEFT_CLUSTER_CLUSTER_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "weft/cluster/subscriber_counts.h"
#include "weft/core/log.h"
#include "weft/server/topics/broker.h"
#include "weft/server/topics/position.h"
#include "weft/server/topics/topic_counters.h"
#include "weft/server/topics/topic_history.h"

namespace weft {

struct ClusterOptions {
  // How often a node tells the others which counts have changed. They notice after 15 times this
  // that it has gone. The same on all nodes; more than 0.
  absl::Duration interval = absl::Seconds(1);

  // Called by the broker's thread, and by that of Start(): this node's name, and each node that has
  // gone.
  LogHook log{};
};

// A broker that also counts the subscribers of shared topics on all nodes: it wraps the one that
// carries them. Each node tells the others its numbers by messages of its own topic
// (Broker::kNodesTopic), so nothing is stored, and any broker will do; docs/cluster.md has what it
// costs. Nodes without a Cluster, or with another version, take no part and do not count.
//
//   absl::StatusOr<std::unique_ptr<weft::RedisBroker>> redis = weft::RedisBroker::Create(...);
//   if (!redis.ok()) return redis.status();
//   absl::StatusOr<std::shared_ptr<weft::Cluster>> cluster =
//       weft::Cluster::Create(*std::move(redis));
//   if (!cluster.ok()) return cluster.status();
//   options.broker = *cluster;
//   ...
//   size_t listeners = (*cluster)->subscribers("chat/42");
//
// Threads: subscribers() and nodes() by any thread, at any time; otherwise as Broker.
class Cluster final : public Broker, private BrokerEvents {
 public:
  // InvalidArgument for options out of range, and without a broker.
  static absl::StatusOr<std::shared_ptr<Cluster>> Create(std::shared_ptr<Broker> broker,
                                                         ClusterOptions options = {});
  ~Cluster() override;

  // The sessions of all nodes that are subscribed to a shared topic, from what this node has heard:
  // it does not wait for the broker. Those of this node are exact, and those of others one or two
  // intervals old; longer after a start or a loss, as docs/cluster.md says. The sessions of a node
  // that has ended, or is cut off, count for up to 15 intervals; while this node is cut off for
  // longer, it counts its own ones only. Of a topic that is not shared it is 0.
  size_t subscribers(absl::string_view topic) const { return counts_.subscribers(topic); }

  // The nodes whose subscribers count, this one among them.
  size_t nodes() const { return counts_.nodes(); }

  // The name by which the other nodes' logs know this one: 8 letters and digits, random.
  absl::string_view node() const { return counts_.node().text(); }

  // Broker.
  absl::Status Start(BrokerEvents* events) override;
  void Stop() override { broker_->Stop(); }
  void Post(absl::Duration delay, absl::AnyInvocable<void()> task) override {
    broker_->Post(delay, std::move(task));
  }
  void Subscribe(absl::Span<const Subscription> subscriptions) override {
    broker_->Subscribe(subscriptions);
  }
  void Unsubscribe(absl::Span<const std::string> topics) override { broker_->Unsubscribe(topics); }
  void Publish(absl::string_view topic, const TopicHistory& history,
               std::vector<TopicMessage> messages, PublishDone done) override;
  void Read(absl::string_view topic, Position since, size_t limit, ReadDone done) override {
    broker_->Read(topic, since, limit, std::move(done));
  }
  void CheckPositions(absl::Span<const std::string> topics) override {
    broker_->CheckPositions(topics);
  }
  void SetPaused(bool paused) override {
    paused_ = paused;
    broker_->SetPaused(paused);
  }
  void SetSubscribers(absl::string_view topic, size_t subscribers) override {
    counts_.SetOwn(topic, subscribers);
  }
  BrokerState state() const override { return broker_->state(); }
  BrokerCounts counts() const override { return broker_->counts(); }

 private:
  Cluster(std::shared_ptr<Broker> broker, ClusterOptions options);

  // BrokerEvents.
  void OnMessages(absl::string_view topic, std::vector<TopicMessage> messages) override;
  void OnState(absl::string_view topic, const TopicState& state) override;
  void OnLost(const absl::Status& reason) override;
  void OnStateChange(BrokerState state) override { events_->OnStateChange(state); }

  void TickLater();
  void Tick();
  void TakeReport(absl::string_view bytes);
  void LogLine(LogLevel level, absl::string_view text) const;

  const std::shared_ptr<Broker> broker_;
  const ClusterOptions options_;
  BrokerEvents* events_ = nullptr;
  SubscriberCounts counts_;
  std::atomic<bool> paused_{false};  // the reports of others wait too
  uint64_t ticks_ = 0;
  uint64_t unreadable_logged_ = 0;  // the tick from which on one is logged again
  uint64_t uncounted_logged_ = 0;   // of counts_.uncounted()
};

}  // namespace weft

#endif  // WEFT_CLUSTER_CLUSTER_H_
