// The interface of an engine that carries the topics of a server to other nodes.

#ifndef WEFT_SERVER_TOPICS_BROKER_H_
#define WEFT_SERVER_TOPICS_BROKER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "weft/server/topics/position.h"
#include "weft/server/topics/topic_counters.h"
#include "weft/server/topics/topic_history.h"

namespace weft {

enum class BrokerState : uint8_t {
  kAway,  // publishes and reads fail, or no messages arrive, or both
  kUp,    // all connections that the engine needs are there
};

// Gets what happens at a Broker. Its methods are called on the broker's thread, one at a time, and
// never inside a call of a method of the Broker. They must not block: nothing else arrives
// meanwhile. They may call every method of the Broker but Stop(), and must not throw.
//
// The messages of one topic come in the order in which the store has them. OnState, and the result
// of Broker::Read, come by another way, and may overtake messages, or be overtaken. The messages of
// different topics come in any order. All calls between one OnLost and the next one come from the
// same process of the store: when another process takes over, OnLost is called first, and OnState
// of each topic later.
class BrokerEvents {
 public:
  // Messages were published to a subscribed topic, by whatever node: one or more, in order, those
  // of one publish together. Without a lost connection none is left out and none comes twice, but
  // code that needs to be sure checks the positions, as TopicFeed does
  // (server/topics/topic_feed.h).
  virtual void OnMessages(absl::string_view topic, std::vector<TopicMessage> messages) = 0;

  // Called for each topic when its subscription has begun or, after OnLost, has begun again; and
  // for each CheckPositions. The state was read from the store after the subscription had begun:
  // messages after state.position come by OnMessages, earlier ones may have been missed. Without
  // history the state is empty, and the call says only that the subscription has begun.
  virtual void OnState(absl::string_view topic, const TopicState& state) = 0;

  // The connection by which messages arrive was lost. Every topic may miss messages from now until
  // its next OnState or OnMessages, both of which come from the new connection only. The broker
  // connects again by itself, and subscribes to the same topics.
  virtual void OnLost(const absl::Status& reason) = 0;

  // Broker::state() has changed.
  virtual void OnStateChange(BrokerState state) = 0;

 protected:
  ~BrokerEvents() = default;
};

// An engine: the connection of one node to the store that all nodes share. The store gives each
// topic one order and, with history, each message a position in it.
//
// Threads: every method but Stop() may be called by any thread, and none blocks. Calls take effect
// in the order in which one thread makes them. The events and the `done` callbacks are called on
// the broker's thread: the one thread, at any moment, that runs the engine. A `done` is called
// exactly once, after its call has returned, also if it fails at once, and at the latest in Stop().
// So the caller may hold a lock during every call but Stop(). The same holds for a call that is
// made while Stop() runs, by an event, a task or a `done`.
//
// Memory: calls that wait for the store are limited in bytes, and refused with ResourceExhausted
// beyond the limit. Messages that wait for the node are limited at the store, which ends the
// connection beyond the limit: OnLost says so, and the history has the messages.
class Broker {
 public:
  // The outcome of a publish. OK: all are stored; the position is that of the last message,
  // with the others directly before it, or none for a topic without history. Of a message with an
  // id that the store knows, it is the position of the first one. Unavailable, ResourceExhausted,
  // InvalidArgument: certainly not published, none of them. DeadlineExceeded, and every other code:
  // unknown, they may have been published or may be later, all or none. That is the outcome of
  // messages that were sent and not answered in time, or before the connection was lost or the
  // broker stopped. The broker does not publish them again by itself, and a caller that does uses
  // TopicMessage::id.
  using PublishDone = absl::AnyInvocable<void(absl::StatusOr<Position>)>;

  // The page that was read. With an error, of any code, nothing was read: the caller may try again.
  using ReadDone = absl::AnyInvocable<void(absl::StatusOr<HistoryPage>)>;

  static constexpr size_t kMaxPublishMessages = 64;

  // The topic by which nodes tell each other of themselves (cluster/cluster.h). Applications cannot
  // use it.
  static constexpr absl::string_view kNodesTopic = "weft:nodes";

  // For an engine: InvalidArgument for messages that Publish() does not take together.
  static absl::Status CheckMessages(absl::Span<const TopicMessage> messages);

  struct Subscription {
    std::string topic;
    bool has_history = false;  // otherwise the state of the topic is not read
  };

  // Ends it as Stop() does.
  virtual ~Broker() = default;

  // Connects. Call it once, before the other methods, except Stop(). `events` must live until
  // Stop() has returned.
  virtual absl::Status Start(BrokerEvents* events) = 0;

  // Disconnects, and calls every `done` that is due, those of calls that are made meanwhile too: so
  // a `done` must not answer each failure with another call. When it has returned, nothing is
  // called any more; other methods then have no effect: the `done` or task that they get is
  // destroyed without a call, as are the tasks that still wait.
  // Blocks while the broker's thread is in a callback, so that it must not be called in one.
  // Idempotent.
  virtual void Stop() = 0;

  // Calls `task` on the broker's thread, after this call has returned and not before `delay` has
  // passed. A task that an event posts without delay follows the events that arrived with it: so it
  // can pass on what a burst of messages has brought. Tasks of the same delay keep their order.
  virtual void Post(absl::Duration delay, absl::AnyInvocable<void()> task) = 0;

  // Idempotent for each topic, whose has_history stays until Unsubscribe(). Where one is called on
  // the broker's thread, its effect on the events is immediate: after Unsubscribe(), and then
  // Subscribe(), none of the earlier subscription follow. Subscriptions outlive connections: those
  // that wait for one begin with it. Other threads use Post() to be sure of the order.
  virtual void Subscribe(absl::Span<const Subscription> subscriptions) = 0;
  virtual void Unsubscribe(absl::Span<const std::string> topics) = 0;

  // Publishes 1 to kMaxPublishMessages messages to one topic, all or none, in one sequence that no
  // other publisher interrupts. A message with an id is published alone. `history` says how much of
  // the topic is kept from now on. For a topic that the store does not know, or knows from an
  // earlier process, it begins an epoch; so do Read() and the check before OnState.
  virtual void Publish(absl::string_view topic, const TopicHistory& history,
                       std::vector<TopicMessage> messages, PublishDone done) = 0;

  // Reads the history of a topic after `since`: at most `limit` messages, HistoryPage::kMaxMessages
  // and kMaxBytes (but always one, if there is one, also with a limit of 0). A message whose
  // OnMessages preceded the call is in the history that is read, unless the store has forgotten it.
  virtual void Read(absl::string_view topic, Position since, size_t limit, ReadDone done) = 0;

  // Calls OnState for each of the topics that is subscribed with history. If the connection is lost
  // before, the OnState of the next connection takes its place.
  virtual void CheckPositions(absl::Span<const std::string> topics) = 0;

  // While paused, messages wait at the store instead of coming by OnMessages; everything else
  // continues, and the connection does not count as silent. For a caller that has no room for more.
  // On the broker's thread the effect is immediate: after SetPaused(true), also in OnMessages, the
  // next OnMessages comes after SetPaused(false).
  virtual void SetPaused(bool paused) = 0;

  // The number of sessions of this node that are subscribed to the topic, or wait for it, after
  // each change. Called on the broker's thread. An engine ignores it: see Cluster
  // (cluster/cluster.h).
  virtual void SetSubscribers(absl::string_view /*topic*/, size_t /*subscribers*/) {}

  virtual BrokerState state() const = 0;

  // For metrics. Of an engine that counts nothing all are zero, except whether it is up.
  virtual BrokerCounts counts() const;
};

}  // namespace weft

#endif  // WEFT_SERVER_TOPICS_BROKER_H_
