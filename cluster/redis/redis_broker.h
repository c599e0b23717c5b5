// Topics over several machines, by Redis 7 or Valkey.

#ifndef WEFT_CLUSTER_REDIS_REDIS_BROKER_H_
#define WEFT_CLUSTER_REDIS_REDIS_BROKER_H_

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "weft/cluster/redis/redis_options.h"
#include "weft/cxx20.h"
#include "weft/loop/clock.h"
#include "weft/loop/thread_pool.h"
#include "weft/server/topics/broker.h"
#include "weft/server/topics/position.h"
#include "weft/server/topics/topic_counters.h"
#include "weft/server/topics/topic_history.h"

namespace weft {

class EventLoop;
class RedisEngine;

// The Broker of a node, with a thread and two connections of its own: one for messages, one for
// commands. Whatever happens to Redis, it connects again by itself, and the log of RedisOptions
// says why it had to. docs/cluster_wire.md has what it stores in Redis.
//
//   auto broker = weft::RedisBroker::Create({.address = "rediss://chat@redis.internal",
//                                            .password_file = "/run/secrets/redis",
//                                            .tls = {.ca_file = "/etc/ssl/redis-ca.pem"},
//                                            .prefix = "chat"});
//   if (!broker.ok()) return broker.status();
//
// Redis Cluster is not supported: its errors (MOVED) are Unavailable.
class RedisBroker : public Broker {
 public:
  // Errors of the options are InvalidArgument, and name the field; of files, such as NotFound. It
  // does not connect: Redis may be down when a server starts. A test may have the time of all
  // timeouts and tasks from a clock that it holds, and that outlives the broker.
  static absl::StatusOr<std::unique_ptr<RedisBroker>> Create(RedisOptions options,
                                                             const Clock& clock = Clock::Steady());
  ~RedisBroker() override;

  // As Broker says; Unavailable if the system has no threads left. A subscription that begins while
  // paused gets its OnState after SetPaused(false): it comes by the same connection as messages.
  absl::Status Start(BrokerEvents* events) override;
  void Stop() override;
  void Post(absl::Duration delay, absl::AnyInvocable<void()> task) override;
  void Subscribe(absl::Span<const Subscription> subscriptions) override;
  void Unsubscribe(absl::Span<const std::string> topics) override;
  void Publish(absl::string_view topic, const TopicHistory& history,
               std::vector<TopicMessage> messages, PublishDone done) override;
  void Read(absl::string_view topic, Position since, size_t limit, ReadDone done) override;
  void CheckPositions(absl::Span<const std::string> topics) override;
  void SetPaused(bool paused) override;
  BrokerState state() const override;
  BrokerCounts counts() const override;

 private:
  RedisBroker(RedisOptions options, const Clock& clock);

  void OnLoop(absl::AnyInvocable<void()> call);
  void EndCalls();
  absl::Status NoRoom(size_t bytes) const;

  const RedisOptions options_;
  std::unique_ptr<EventLoop> loop_;
  std::unique_ptr<RedisEngine> engine_;
  std::mutex mutex_;  // of Start() and Stop()
  bool started_ = false;
  std::atomic<bool> stopped_{false};
  std::unique_ptr<ThreadPool> thread_;
};

}  // namespace weft

#endif  // WEFT_CLUSTER_REDIS_REDIS_BROKER_H_
