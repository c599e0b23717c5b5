// Publishes on their way to a broker.

#ifndef WEFT_SERVER_TOPICS_BROKER_PUBLISHES_H_
#define WEFT_SERVER_TOPICS_BROKER_PUBLISHES_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "weft/loop/exception_guard.h"
#include "weft/server/topics/broker.h"
#include "weft/server/topics/position.h"
#include "weft/server/topics/publish_callback.h"
#include "weft/server/topics/topic_history.h"

namespace weft {

// A publish that was accepted, and has no outcome yet.
struct AcceptedPublish {
  std::string topic;
  TopicHistory history;
  TopicMessage message;
  PublishCallback done;  // may be empty
  int64_t accepted_ms;   // by the user's clock
};

// Joins the publishes of one turn that go to the same topic, which is cheaper for the store than
// one call for each, and gives each of them its own outcome. The publishes of a topic keep their
// order. For the broker's thread.
//
//   for (AcceptedPublish& publish : turn) publishes.Add(std::move(publish));
//   publishes.Flush();
class BrokerPublishes {
 public:
  // A batch that has more is sent at once, unless it is a single message.
  static constexpr size_t kMaxBatchBytes = 64 << 10;

  class User {
   public:
    // The publishes of one call, by the times when they were accepted, have an outcome. Called
    // before their callbacks.
    virtual void OnOutcome(absl::string_view topic, const absl::Status& status,
                           absl::Span<const int64_t> accepted_ms) = 0;

    // Called after the callbacks of this number of publishes.
    virtual void OnTold(size_t publishes) = 0;

   protected:
    ~User() = default;
  };

  // All must outlive it, and it must outlive Broker::Stop().
  BrokerPublishes(Broker& broker, ExceptionGuard& guard, User& user)
      : broker_(broker), guard_(guard), user_(user) {}

  void Add(AcceptedPublish publish);

  // Sends what was added, the topics in the order of their first message.
  void Flush();

 private:
  struct Batch {
    std::string topic;
    TopicHistory history;
    std::vector<TopicMessage> messages{};
    std::vector<PublishCallback> done{};  // one for each message
    std::vector<int64_t> accepted_ms{};   // likewise
    size_t bytes = 0;
  };

  void Send(Batch batch);
  void Tell(Batch& batch, const absl::StatusOr<Position>& result);

  Broker& broker_;
  ExceptionGuard& guard_;
  User& user_;
  std::vector<Batch> batches_;
  absl::flat_hash_map<std::string, size_t> batch_of_;  // by topic
};

}  // namespace weft

#endif  // WEFT_SERVER_TOPICS_BROKER_PUBLISHES_H_
