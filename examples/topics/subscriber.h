// A session of one topic.

#ifndef WEFT_EXAMPLES_TOPICS_SUBSCRIBER_H_
#define WEFT_EXAMPLES_TOPICS_SUBSCRIBER_H_

#include <string>
#include <utility>

#include "weft/server/server.h"

namespace examples {

// Gets each message of the topic, and publishes what its client sends.
class Subscriber : public weft::Handler {
 public:
  explicit Subscriber(std::string topic) : topic_(std::move(topic)) {}

  void OnOpen(weft::Session& session) override {
    if (const absl::Status status = session.Subscribe(topic_); !status.ok()) {
      session.Close(weft::CloseCode::kPolicyViolation, status.message()).IgnoreError();
    }
  }

  void OnMessage(weft::Session& session, const weft::Message& message) override {
    session.Publish(topic_, message.opcode, message.payload).IgnoreError();
  }

 private:
  const std::string topic_;
};

}  // namespace examples

#endif  // WEFT_EXAMPLES_TOPICS_SUBSCRIBER_H_
