// The topics of a session.

#ifndef WEFT_SERVER_SESSION_TOPICS_H_
#define WEFT_SERVER_SESSION_TOPICS_H_

#include <cstddef>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "weft/core/encoded_message.h"
#include "weft/core/frame/opcode.h"
#include "weft/sending/send_options.h"
#include "weft/server/topics/publish_callback.h"
#include "weft/server/topics/subscribe_options.h"

namespace weft {

// The methods of Session for topics.
class SessionTopics {
 public:
  SessionTopics(const SessionTopics&) = delete;
  SessionTopics& operator=(const SessionTopics&) = delete;

  // Receives messages published to `topic`: from now on, or, where a broker carries the topic
  // (TopicOptions::shared, latest_only, history), after the event that Handler::OnTopic gets soon.
  // Idempotent. InvalidArgument for a name over ServerLimits::max_topic_bytes and for an invalid
  // SubscribeOptions::since, ResourceExhausted beyond limits.max_topics_per_session or
  // max_carried_topics, Internal if ServerHooks::topic_options throws (on a handler thread both are
  // gaps with the reason kRefused instead, which by default do not close the session),
  // FailedPrecondition once the session has ended.
  virtual absl::Status Subscribe(absl::string_view topic, const SubscribeOptions& options = {}) = 0;
  virtual void Unsubscribe(absl::string_view topic) = 0;

  // As Server::Publish and Server::subscribers; this session too may be a subscriber.
  absl::Status Publish(absl::string_view topic, Opcode opcode, absl::string_view payload,
                       const SendOptions& options = {});
  virtual absl::Status Publish(absl::string_view topic, const EncodedMessage& message,
                               const SendOptions& options = {}) = 0;
  void Publish(absl::string_view topic, Opcode opcode, absl::string_view payload,
               const SendOptions& options, PublishCallback done);
  virtual void Publish(absl::string_view topic, const EncodedMessage& message,
                       const SendOptions& options, PublishCallback done) = 0;
  virtual size_t subscribers(absl::string_view topic) const = 0;

 protected:
  SessionTopics() = default;
  ~SessionTopics() = default;
};

}  // namespace weft

#endif  // WEFT_SERVER_SESSION_TOPICS_H_
