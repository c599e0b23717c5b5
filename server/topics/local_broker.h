// A broker for one server, without a store outside of the process.

#ifndef WEFT_SERVER_TOPICS_LOCAL_BROKER_H_
#define WEFT_SERVER_TOPICS_LOCAL_BROKER_H_

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "weft/loop/clock.h"
#include "weft/loop/thread_pool.h"
#include "weft/server/topics/broker.h"
#include "weft/server/topics/history_store.h"
#include "weft/server/topics/position.h"
#include "weft/server/topics/topic_history.h"

namespace weft {

// For topics that are kept but not shared: what a server has of them lives as long as the server.
// Never away. Its thread starts with the first call after Start(), so a server whose topics keep
// nothing has none. Where the system has no thread, calls wait for one, until Stop().
class LocalBroker final : public Broker {
 public:
  // Publishes whose messages wait, for the thread or while paused: beyond it, ResourceExhausted.
  static constexpr size_t kMaxBytes = size_t{16} << 20;

  // The clock must outlive the broker.
  explicit LocalBroker(const Clock& clock);
  ~LocalBroker() override;

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
  BrokerState state() const override { return BrokerState::kUp; }

 private:
  // Performed on the thread; `stopped`: in Stop() instead, which fails it.
  using Step = absl::AnyInvocable<void(bool stopped)>;

  struct Subscribed {
    bool has_history;
    uint64_t number;  // another one than that of an earlier subscription to the topic
  };
  struct Arrived {
    std::string topic;
    std::vector<TopicMessage> messages;  // of one publish
    size_t bytes;
  };

  // With the mutex.
  void Enqueue(Step step);
  void EnqueueState(absl::string_view topic, const Subscribed& subscription);
  void StartThread();
  Step Next();

  void Run();
  bool IsSubscribed(const std::string& topic);
  void StoreMessages(const std::string& topic, const TopicHistory& history,
                     std::vector<TopicMessage> messages, size_t bytes, PublishDone& done);
  void ForgetUnusedLater();

  const Clock& clock_;
  HistoryStore store_;  // of the thread
  std::mutex mutex_;
  std::condition_variable changed_;
  BrokerEvents* events_ = nullptr;
  bool started_ = false;
  bool stopped_ = false;  // Stop() has begun: the thread takes no further step
  bool ended_ = false;    // and has returned, or will do so without a further call
  bool paused_ = false;
  uint64_t subscribed_ = 0;  // the number of the last subscription
  std::map<std::string, Subscribed, std::less<>> subscriptions_;
  size_t bytes_ = 0;  // of publishes in steps_, and of arrived_
  std::deque<Step> steps_;
  std::deque<Arrived> arrived_;
  std::multimap<int64_t, absl::AnyInvocable<void()>> timers_;  // by their deadlines
  std::unique_ptr<ThreadPool> thread_;                         // null: not needed yet
};

}  // namespace weft

#endif  // WEFT_SERVER_TOPICS_LOCAL_BROKER_H_
