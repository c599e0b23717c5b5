// Messages on their way to the subscribers of a topic.

#ifndef WEFT_SERVER_TOPICS_PUBLISH_BATCH_H_
#define WEFT_SERVER_TOPICS_PUBLISH_BATCH_H_

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "weft/core/encoded_message.h"
#include "weft/sending/send_options.h"
#include "weft/server/topics/topic_options.h"

namespace weft {

// Messages published to one topic, with the same options, and with nothing else sent in between:
// each subscriber can get all of them at once, and the cost of visiting thousands of sessions is
// paid once for several messages. Without a key: a message with a key goes alone.
class PublishBatch {
 public:
  // Whether the message can join those in the batch. A large message joins none: its bytes need not
  // be copied to be next to others.
  bool Takes(absl::string_view topic, const EncodedMessage& message,
             const SendOptions& options) const;

  // `options.key` must outlive the batch.
  void Add(absl::string_view topic, const EncodedMessage& message, const SendOptions& options);

  bool empty() const { return messages_.empty(); }
  const std::string& topic() const { return topic_; }
  const SendOptions& options() const { return options_; }
  const std::vector<EncodedMessage>& messages() const { return messages_; }

  // The options for a subscriber: those of the messages override those of their topic. Valid as
  // long as the batch.
  SendOptions OptionsFor(const TopicOptions& of_topic) const {
    SendOptions each = options_;
    if (of_topic.keeps_all()) {
      // The client counts positions by the messages that it gets: none may be left out.
      each.key = {};
      each.when_full = WhenFull::kDisconnect;
    }
    if (each.key.empty() && of_topic.is_latest()) each.key = topic_;
    if (!each.when_full.has_value()) each.when_full = of_topic.when_full;
    each.max_queue_bytes = std::min(each.max_queue_bytes, of_topic.max_queue_bytes);
    return each;
  }

  // EncodedMessage::frame() of all, concatenated.
  absl::string_view frames() const;

 private:
  std::string topic_;
  SendOptions options_;
  std::vector<EncodedMessage> messages_;
  std::string frames_;  // of two or more
};

}  // namespace weft

#endif  // WEFT_SERVER_TOPICS_PUBLISH_BATCH_H_
