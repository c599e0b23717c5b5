// The options of an application's topics.

#ifndef WEFT_SERVER_TOPICS_TOPIC_OPTIONS_H_
#define WEFT_SERVER_TOPICS_TOPIC_OPTIONS_H_

#include <cstddef>
#include <functional>
#include <limits>
#include <optional>

#include "absl/strings/string_view.h"
#include "weft/sending/send_options.h"
#include "weft/server/topics/topic_history.h"

namespace weft {

// How the server treats a topic. The first two fields are the policy for a message published to
// it if a subscriber's queue has no room; SendOptions of a single Publish take precedence. A topic
// with history, where not only the latest message counts, ignores `when_full` and keys: a session
// whose queue has no room is closed with 1013, so that its client resumes and misses nothing. In a
// shared topic without history kDropOldest is as kDropNewest, and with all but kDisconnect a
// session that missed a message gets a gap when its queue is back at ServerSending::low_mark_bytes.
struct TopicOptions {
  std::optional<WhenFull> when_full{};                          // none: ServerSending::when_full
  size_t max_queue_bytes = std::numeric_limits<size_t>::max();  // like SendOptions::max_queue_bytes

  // Only the latest message is worth sending: it replaces one that still waits, as if the topic's
  // name were SendOptions::key. It is kept, as by `history`, and a new subscriber gets it first.
  // Only one message is kept, also if messages have keys of their own. The same as a history of
  // one message.
  bool latest_only = false;

  // The topic is that of all nodes of ServerOptions::broker. Without a broker it is this server's.
  bool shared = false;

  // The messages that are kept for subscribers that come back, and for nodes that lost their
  // connection. `latest_only` keeps at least one.
  TopicHistory history{};

  TopicHistory kept() const {
    TopicHistory kept = history;
    if (latest_only && !kept.is_kept()) kept.messages = 1;
    return kept;
  }

  // Whether only the latest message counts.
  bool is_latest() const { return latest_only || history.messages == 1; }

  // Whether every message counts: none may replace another, or be left out.
  bool keeps_all() const { return history.is_kept() && !is_latest(); }

  // Whether it is carried without positions, by which a client could see that a message is missing.
  bool is_only_shared() const { return shared && !latest_only && !history.is_kept(); }

  // Whether its messages go through a broker, and its sessions get Handler::OnTopic.
  bool is_carried() const { return shared || latest_only || history.is_kept(); }
};

// The options of a topic by its name. Called for each publish by the publishing thread, and on a
// loop's thread for each subscription to a topic: so it must be thread-safe and fast, and always
// give a topic the same options.
using TopicOptionsFunction = std::function<TopicOptions(absl::string_view topic)>;

// A topic has got its first subscriber, or lost its last one, over all loops. Called on the thread
// of one of the loops, one call at a time, and in order; it may use any Server, SessionRef, or
// Session of that thread, and must not block.
using TopicHook = std::function<void(absl::string_view topic, bool has_subscribers)>;

}  // namespace weft

#endif  // WEFT_SERVER_TOPICS_TOPIC_OPTIONS_H_
