#include "weft/server/topics/publish_batch.h"

namespace weft {
namespace {

// It is copied once, and should then stay in the cache while it is sent to all subscribers.
constexpr size_t kMaxBytes = 15 << 10;

}  // namespace

bool PublishBatch::Takes(absl::string_view topic, const EncodedMessage& message,
                         const SendOptions& options) const {
  if (messages_.empty()) return true;
  const size_t size = frames().size() + message.frame().size();
  return topic == topic_ && size <= kMaxBytes && options_.key.empty() && options.key.empty() &&
         options.when_full == options_.when_full &&
         options.max_queue_bytes == options_.max_queue_bytes;
}

void PublishBatch::Add(absl::string_view topic, const EncodedMessage& message,
                       const SendOptions& options) {
  if (messages_.empty()) {
    topic_ = std::string(topic);
    options_ = options;
  } else {
    if (messages_.size() == 1) frames_ = std::string(messages_.front().frame());
    frames_.append(message.frame().data(), message.frame().size());
  }
  messages_.push_back(message);
}

absl::string_view PublishBatch::frames() const {
  return messages_.size() == 1 ? messages_.front().frame() : absl::string_view(frames_);
}

}  // namespace weft
