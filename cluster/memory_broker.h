// Topics over several nodes of one process: for tests that need a cluster, and its failures.

#ifndef WEFT_CLUSTER_MEMORY_BROKER_H_
#define WEFT_CLUSTER_MEMORY_BROKER_H_

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
#include "weft/server/topics/broker.h"
#include "weft/server/topics/history_store.h"
#include "weft/server/topics/position.h"
#include "weft/server/topics/topic_history.h"

namespace weft {

class MemoryBroker;

// The store that the nodes share, and the network between. Nothing happens by itself: calls,
// answers and messages wait until some thread calls Run(), which is then the broker's thread of all
// nodes. So a test decides what happens between two steps, and the same steps give the same result.
//
//   ManualClock clock;
//   MemoryHub hub({.clock = &clock});
//   MemoryBroker a(hub), b(hub);
//   ...                            // Start() them, subscribe, publish
//   hub.Run();                     // all of it has arrived
//   hub.Cut(b);                    // b loses its connection
//   ...                            // publish at a
//   hub.Restore(b);
//   hub.Run();                     // b has healed
//
// For a server that is to run as usual, `on_ready` posts a task that calls Run() to some loop.
//
// Thread-safe, but Run() and RunOne() must not be called in a callback, and Run() in several
// threads at once runs in one after the other.
class MemoryHub {
 public:
  struct Options {
    // Of the age of histories and the deadline of calls. Must outlive the hub.
    const Clock* clock = &Clock::Steady();

    // Run() has something to do: called by any thread, in calls of all methods, so that it must not
    // call Run() itself.
    std::function<void()> on_ready{};

    // Which of `n` queues is served next, 0 to n - 1. There is a queue for the calls of each node,
    // one for their answers, one for its tasks, and one for each topic that it receives. Null:
    // always the oldest entry. One that chooses at random reorders everything that may be
    // reordered.
    std::function<size_t(size_t n)> choose{};

    absl::Duration call_deadline = absl::Seconds(3);  // of publishes and reads

    // Calls of one node that wait: beyond it, ResourceExhausted.
    size_t max_outbound_bytes = size_t{16} << 20;

    // Messages that wait for one node: beyond it, the node loses them and its connection, and is
    // connected again.
    size_t max_inbound_bytes = size_t{32} << 20;
  };

  MemoryHub() : MemoryHub(Options()) {}
  explicit MemoryHub(Options options);
  ~MemoryHub();
  MemoryHub(const MemoryHub&) = delete;
  MemoryHub& operator=(const MemoryHub&) = delete;

  // Performs one step, or all until nothing is left. Returns false, or the number of steps. A
  // callback that always makes another call keeps Run() from returning.
  bool RunOne();
  size_t Run();

  // ---- Faults of the network ----

  // The node loses its connection: the messages on their way to it, its subscriptions, and the
  // outcome of its publishes, which may have been performed or not. Publishes from now on are
  // Unavailable. Restore() connects it again, and subscribes to the same topics.
  void Cut(MemoryBroker& node);
  void Restore(MemoryBroker& node);

  // Messages, or calls and their answers, wait until Release(). Deadlines pass.
  enum class Channel { kMessages, kCalls };
  void Hold(MemoryBroker& node, Channel channel);
  void Release(MemoryBroker& node, Channel channel);

  // The store answers publishes and reads of the node with this error, until with OK again.
  void Refuse(MemoryBroker& node, absl::Status status);

  // ---- Faults of the store ----

  // The store was restarted and has forgotten the last `messages` of the topic, or none: a new
  // epoch continues after those that are left. The connections are not lost by it, but may be cut.
  void ForgetTail(absl::string_view name, uint64_t messages);

  // The store has forgotten all topics. Subscriptions stay.
  void ForgetAll();

  // ---- The content of the store ----

  // As Broker::Read sees it. Begins an epoch for a topic that is not known.
  TopicState state(absl::string_view topic);
  std::vector<TopicMessage> kept(absl::string_view topic);

 private:
  friend class MemoryBroker;

  // With the mutex.
  Position Store(absl::string_view topic, const TopicHistory& history,
                 std::vector<TopicMessage> messages);

  void Notify() const {
    if (options_.on_ready) options_.on_ready();
  }

  const Options options_;
  std::mutex run_mutex_;  // held while a step is performed; taken before mutex_
  std::mutex mutex_;
  HistoryStore store_;
  uint64_t entries_ = 0;  // that were ever queued, for their order
  std::vector<MemoryBroker*> nodes_;
};

// A node: the Broker to give to a server, or to a test's own code. The hub must outlive it.
class MemoryBroker : public Broker {
 public:
  explicit MemoryBroker(MemoryHub& hub);
  ~MemoryBroker() override;

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

 private:
  friend class MemoryHub;

  // A step is performed with the hub's mutex, and returns the callback to call without it, or none.
  using Callback = absl::AnyInvocable<void()>;
  using Step = absl::AnyInvocable<Callback()>;

  struct Entry {
    uint64_t number;
    Step step;
  };
  struct Messages {
    uint64_t number;
    std::vector<TopicMessage> messages;  // of one publish
  };
  struct Ready {
    uint64_t number;  // of the first entry of the queue
    MemoryBroker* node;
    std::deque<Entry>* queue;  // null: the messages of `topic`
    const std::string* topic;
  };
  struct Subscribed {
    bool has_history;
    uint64_t number;       // another one than that of an earlier subscription to the topic
    bool is_live = false;  // the store sends its messages
  };

  // A publish or a read, until it has an outcome.
  struct Call {
    PublishDone publish{};
    ReadDone read{};
    size_t bytes = 0;
    int64_t deadline_ms = 0;
    bool has_outcome = false;
  };

  // All with the hub's mutex.
  void Enqueue(std::deque<Entry>& queue, Step step);
  void PostStateChange(BrokerState state);
  absl::Status Admit(size_t bytes) const;
  void Submit(std::shared_ptr<Call> call, Step perform);
  void Answer(const std::shared_ptr<Call>& call, Callback deliver);
  void Fail(Call& call, absl::Status status);
  void FailOverdue();
  void Connect();
  void Disconnect(absl::string_view reason);
  void BeginSubscription(absl::string_view topic);
  void Check(absl::string_view topic);
  void PostState(absl::string_view topic, const TopicState& state);
  void Receive(absl::string_view topic, const std::vector<TopicMessage>& messages);
  void CollectDue();
  void AddReady(std::vector<Ready>& ready);
  Callback Perform(const Ready& next);

  MemoryHub& hub_;
  BrokerEvents* events_ = nullptr;
  bool started_ = false;
  bool stopped_ = false;  // Stop() has begun
  bool ended_ = false;    // and has called all that was due
  bool cut_ = false;      // until Restore()
  bool connected_ = false;
  bool paused_ = false;
  bool holds_messages_ = false;
  bool holds_calls_ = false;
  absl::Status refusal_;
  size_t outbound_bytes_ = 0;
  size_t inbound_bytes_ = 0;
  std::map<std::string, Subscribed, std::less<>> subscriptions_;
  std::deque<std::shared_ptr<Call>> waiting_;  // in the order of their deadlines
  std::deque<Entry> own_;                      // of the node itself: before all others
  std::multimap<int64_t, Callback> tasks_;     // by the time when they are due
  std::deque<Entry> due_;                      // tasks
  std::deque<Entry> calls_;                    // on their way to the store
  std::deque<Entry> answers_;                  // on their way back
  std::map<std::string, std::deque<Messages>, std::less<>> messages_;  // none is empty
};

}  // namespace weft

#endif  // WEFT_CLUSTER_MEMORY_BROKER_H_
