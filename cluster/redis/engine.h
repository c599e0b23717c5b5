// The part of a RedisBroker that lives on its loop.

#ifndef WEFT_CLUSTER_REDIS_ENGINE_H_
#define WEFT_CLUSTER_REDIS_ENGINE_H_

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "weft/cluster/redis/connection.h"
#include "weft/cluster/redis/link.h"
#include "weft/cluster/redis/redis_address.h"
#include "weft/cluster/redis/redis_counters.h"
#include "weft/cluster/redis/redis_options.h"
#include "weft/cluster/redis/subscriptions.h"
#include "weft/cluster/redis/wire.h"
#include "weft/core/log.h"
#include "weft/loop/address_lookup.h"
#include "weft/loop/budget.h"
#include "weft/loop/deadline_queue.h"
#include "weft/loop/event_loop.h"
#include "weft/server/topics/broker.h"
#include "weft/server/topics/position.h"
#include "weft/server/topics/topic_history.h"

namespace weft {

// Performs the calls of a broker, and calls its events. For the loop's thread, but state() and
// counters().
class RedisEngine : private RedisLink::User, private RedisSubscriptions::User, private Timer {
 public:
  struct PublishCall {
    std::string topic;
    TopicHistory history;
    std::vector<TopicMessage> messages;
    Broker::PublishDone done;
    std::optional<Reservation> memory;
    bool again = false;  // has got NOSCRIPT

    // The caller has room again when it gets the outcome of Redis, or when it gets an error that
    // keeps nothing of the call. After a time-out the command still waits, and so does its memory.
    void Finish(absl::StatusOr<Position> outcome) {
      if (!absl::IsDeadlineExceeded(outcome.status())) memory.reset();
      done(std::move(outcome));
    }
  };
  struct ReadCall {
    std::string topic;
    Position since;
    size_t limit;
    Broker::ReadDone done;
    std::optional<Reservation> memory;
    bool again = false;   // has got NOSCRIPT
    bool writes = false;  // "peek" was not enough

    void Finish(absl::StatusOr<HistoryPage> page) {
      if (!absl::IsDeadlineExceeded(page.status())) memory.reset();
      done(std::move(page));
    }
  };

  // `loop` and `options` must outlive it.
  RedisEngine(EventLoop& loop, const RedisOptions& options, const RedisAddress& address,
              const std::vector<RedisAddress>& sentinels);

  void Start(BrokerEvents* events);

  // Calls all outcomes that are due, and no event any more. Later calls fail.
  void Stop();
  bool stopped() const { return stopped_; }

  void Publish(PublishCall call);
  void Read(ReadCall call);
  void Subscribe(absl::Span<const Broker::Subscription> subscriptions);
  void Unsubscribe(absl::Span<const std::string> topics);
  void CheckPositions(absl::Span<const std::string> topics);
  void SetPaused(bool paused);
  void Post(int64_t at_ms, absl::AnyInvocable<void()> task);

  // Calls the outcome later, at the latest in Stop().
  void CallLater(absl::AnyInvocable<void()> outcome);

  // Any thread.
  BrokerState state() const { return state_.load(std::memory_order_relaxed); }
  bool messages_up() const { return subscriber_.is_up(); }
  bool commands_up() const { return commands_.is_up(); }
  const RedisCounters& counters() const { return counters_; }

 private:
  // RedisLink::User.
  void OnUp(RedisLink& link) override;
  void OnDown(RedisLink& link, const absl::Status& reason) override;
  void OnPush(RespValue& reply) override;

  // RedisSubscriptions::User.
  void OnMessages(absl::string_view topic, std::vector<TopicMessage> messages) override;
  void OnBegun(absl::string_view topic, bool has_history) override;
  void OnUnreadable(absl::string_view topic, const absl::Status& why) override;
  void OnProbe() override;

  void OnTimer() override;
  void ArmTimer();
  void EndOfTurn();
  void RunOutcomes();
  void UpdateState();
  void DropBoth(const absl::Status& reason);

  // Commands.
  void WritePublish(PublishCall call);
  void WriteRead(ReadCall call);
  void WriteChecks();
  void TakeMeta(RedisSubscriptions::ToCheck topic, absl::string_view meta, const RespValue& reply);
  void WriteScriptChecks();
  void TakeChecked(RedisSubscriptions::ToCheck topics, const absl::StatusOr<RespValue*>& reply);
  void Complain(LogLevel level, absl::string_view text, int64_t* last_ms) const;
  void AppendScript(absl::string_view name, absl::Span<const std::string> keys, size_t arguments,
                    std::string* out);
  absl::Status TakeError(const RespValue& reply);
  void FailOvertaken(absl::string_view topic);
  void Answered();
  void FailWaiting();
  std::string NewEpoch();

  // The probe.
  int64_t ProbeTime() const;
  bool HasSubscriber() const { return !paused_ && subscriber_.connection() != nullptr; }
  void SendProbe();
  void EndProbe();
  void ProbeFailed(absl::string_view why);

  EventLoop& loop_;
  const RedisOptions& options_;
  AddressLookup lookup_{1};
  const RedisNames names_;
  std::mt19937_64 random_{std::random_device()()};
  const std::string node_;          // made with random_
  BrokerEvents* events_ = nullptr;  // null: no more calls
  std::atomic<BrokerState> state_{BrokerState::kAway};
  RedisCounters counters_;
  std::optional<uint64_t> config_epoch_;  // of the links
  RedisLink commands_;
  RedisLink subscriber_;
  RedisSubscriptions subscriptions_;
  bool paused_ = false;
  bool stopped_ = false;

  // Counts the connections of the subscriber: a check of an earlier one says nothing.
  uint64_t connection_ = 0;
  size_t checks_ = 0;  // that wait for their answer, without those of the script
  RedisSubscriptions::ToCheck for_script_;  // topics whose hash is not enough

  // After NOSCRIPT: calls whose commands were not performed wait until all commands that were
  // written before are answered, so that the order stays.
  bool needs_script_ = false;
  size_t unanswered_ = 0;             // commands of the script
  std::vector<PublishCall> again_;    // got NOSCRIPT
  std::vector<PublishCall> waiting_;  // came after it
  std::vector<ReadCall> reads_;       // both

  std::optional<std::chrono::steady_clock::time_point> probe_sent_;  // its message has not arrived
  int64_t last_probe_ms_ = 0;      // or when one began to be of use
  size_t probe_commands_ = 0;      // of a probe, that are not answered
  bool probing_ = false;           // no message has arrived since the probe was sent
  int64_t probe_deadline_ms_ = 0;  // for its message, once Redis has sent it; otherwise 0

  std::vector<absl::AnyInvocable<void()>> outcomes_;
  DeadlineQueue<absl::AnyInvocable<void()>> tasks_;

  // In the log.
  int64_t last_complaint_ms_ = 0;        // of an unreadable message
  int64_t last_check_complaint_ms_ = 0;  // of a check that fails
};

}  // namespace weft

#endif  // WEFT_CLUSTER_REDIS_ENGINE_H_
