// The options of an application's topics.

#ifndef WEFT_SERVER_TOPICS_TOPIC_OPTIONS_H_
#define WEFT_SERVER_TOPICS_TOPIC_OPTIONS_H_

#include <cstddef>
#include <functional>
#include <limits>
#include <optional>

#include "absl/strings/string_view.h"
#include "weft/sending/send_options.h"

namespace weft {

// The policy for a message published to a topic if a subscriber's queue has no room for it.
// SendOptions of a single Publish take precedence.
struct TopicOptions {
  std::optional<WhenFull> when_full{};                          // none: ServerSending::when_full
  size_t max_queue_bytes = std::numeric_limits<size_t>::max();  // like SendOptions::max_queue_bytes

  // Only the latest message is worth sending: it replaces one that still waits, as if the topic's
  // name were SendOptions::key.
  bool latest_only = false;
};

// The options of a topic by its name. Called on a loop's thread whenever the topic gets its first
// subscriber on that loop, so it must be thread-safe and must not block.
using TopicOptionsFunction = std::function<TopicOptions(absl::string_view topic)>;

// A topic has got its first subscriber, or lost its last one, over all loops. Called on the thread
// of one of the loops, one call at a time, and in order; it may use any Server, SessionRef, or
// Session of that thread, and must not block.
using TopicHook = std::function<void(absl::string_view topic, bool has_subscribers)>;

}  // namespace weft

#endif  // WEFT_SERVER_TOPICS_TOPIC_OPTIONS_H_
