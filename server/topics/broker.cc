#include "weft/server/topics/broker.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace weft {

absl::Status Broker::CheckMessages(absl::Span<const TopicMessage> messages) {
  if (messages.empty() || messages.size() > kMaxPublishMessages) {
    return absl::InvalidArgumentError(absl::StrCat(
        "1 to ", kMaxPublishMessages, " messages are published at once, not ", messages.size()));
  }
  const bool has_id = std::any_of(messages.begin(), messages.end(),
                                  [](const TopicMessage& message) { return !message.id.empty(); });
  if (!has_id || messages.size() == 1) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "a message with an id is published alone, not with ", messages.size() - 1, " others"));
}

BrokerCounts Broker::counts() const {
  const bool is_up = state() == BrokerState::kUp;
  return {.messages_up = is_up, .commands_up = is_up};
}

}  // namespace weft
