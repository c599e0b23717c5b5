// The brokers that carry the topics of a server.

#ifndef WEFT_SERVER_TOPICS_TOPIC_BROKERS_H_
#define WEFT_SERVER_TOPICS_TOPIC_BROKERS_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "weft/core/encoded_message.h"
#include "weft/loop/exception_guard.h"
#include "weft/server/topics/broker.h"
#include "weft/server/topics/publish_callback.h"
#include "weft/server/topics/shared_topics.h"
#include "weft/server/topics/topic_counters.h"
#include "weft/server/topics/topic_options.h"
#include "weft/server/topics/topic_update.h"

namespace weft {

// There are two: ServerOptions::broker carries shared topics, and a LocalBroker those that are only
// kept. Without ServerOptions::broker the LocalBroker carries both. It is not asked for topics that
// are neither shared nor kept. Thread-safe, except AddLoop(), Start() and Stop().
class TopicBrokers {
 public:
  // `options` says what a topic is; not empty. `broker` may be null.
  TopicBrokers(TopicOptionsFunction options, std::shared_ptr<Broker> broker,
               const SharedTopics::Options& for_each);

  // As the methods of SharedTopics.
  void AddLoop(TopicLoop& loop);
  absl::Status Start();
  void Stop();

  // For the end of the server: publishes without an outcome may take this time from now on, and if
  // it is not 0, a second after the last session has ended.
  void SetGrace(absl::Duration grace);

  // Waits until each has one, at most for that time. Any thread but those of the brokers.
  void AwaitOutcomes();

  // The application's options of a topic. Internal if its function throws: a kept topic must not
  // become a plain one.
  absl::StatusOr<TopicOptions> OptionsOf(absl::string_view topic) const;

  // Publishes to a topic that a broker carries, as SharedTopics::Publish; Internal as OptionsOf().
  // None for every other topic, and `done` is then left as it was.
  std::optional<absl::Status> Publish(absl::string_view topic, const EncodedMessage& message,
                                      absl::string_view key, PublishCallback& done);

  // A subscription that failed, whose caller gets no error: a gap with the reason kRefused.
  void CountRefused() { refused_.fetch_add(1, std::memory_order_relaxed); }

  // That which carries a topic with these options; null if none does.
  SharedTopics* CarrierOf(const TopicOptions& options);

  // How long ServerOptions::broker has been away.
  absl::Duration away() const {
    return shared_ == nullptr ? absl::ZeroDuration() : shared_->away();
  }

  // Of both together. With ServerOptions::broker the times are its own: those of the LocalBroker
  // are next to nothing, and would hide them.
  TopicCountersOf<uint64_t> counts() const;

  // Of ServerOptions::broker; none without one.
  std::optional<BrokerCounts> broker_counts() const {
    if (shared_ == nullptr) return std::nullopt;
    return shared_->broker_counts();
  }

 private:
  const TopicOptionsFunction options_;
  ExceptionGuard& guard_;
  std::atomic<uint64_t> refused_{0};
  std::atomic<int64_t> grace_until_ms_{0};
  std::unique_ptr<SharedTopics> shared_;
  std::unique_ptr<SharedTopics> local_;
};

}  // namespace weft

#endif  // WEFT_SERVER_TOPICS_TOPIC_BROKERS_H_
