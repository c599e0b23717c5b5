// The topics of a session whose handler has not returned from OnTopic.

#ifndef WEFT_SERVER_HELD_TOPICS_H_
#define WEFT_SERVER_HELD_TOPICS_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "weft/loop/budget.h"
#include "weft/loop/mailbox.h"
#include "weft/server/topics/topic_event.h"
#include "weft/server/topics/topic_history.h"
#include "weft/server/topics/topic_options.h"
#include "weft/server/topics/topic_update.h"

namespace weft {

// With handler threads, OnTopic runs while the loop continues: messages and events of the topic
// wait here meanwhile, so that the client gets them after the messages that OnTopic sends. The
// messages of an answer to a join, which all come before OnTopic can return, need only room in the
// loop's budget; for live ones there are the limits below too, but one always fits. Beyond them the
// messages of the topic are dropped, and the handler gets a gap instead; with "latest only" the
// newest message stays. For the loop's thread.
class HeldTopics {
 public:
  static constexpr size_t kMaxMessages = 1000;  // live ones of all topics
  static constexpr size_t kMaxBytes = size_t{1} << 20;

  // The mailbox, whose budget the messages take room of, must outlive this.
  explicit HeldTopics(Mailbox& mailbox) : mailbox_(mailbox) {}

  bool Holds(absl::string_view topic) const { return topics_.contains(topic); }

  // OnTopic is called for a topic that is not held. Returns the number of the call.
  uint64_t Hold(absl::string_view topic);

  // For a topic that is held.
  void Add(absl::string_view topic, const TopicEvent& event);
  void Add(absl::string_view topic, const TopicMessage& message, const TopicOptions& of_topic,
           bool is_live);

  struct Next {
    TopicUpdate::Entry entry;
    TopicOptions of_topic;  // if it is a message
  };

  // The call with this number has returned: the next entry that waits. None if it is another one's
  // number, or if nothing waits: then the topic is not held any more.
  std::optional<Next> TakeNext(absl::string_view topic, uint64_t number);

  void Forget(absl::string_view topic);
  void Clear();

  // The memory of all messages.
  size_t bytes() const { return bytes_; }

 private:
  struct Entry {
    TopicUpdate::Entry entry;
    std::optional<Reservation> room{};  // of a message
    size_t bytes = 0;                   // the same
    bool is_live = false;
  };
  struct Topic {
    uint64_t number;
    std::deque<Entry> entries{};
    TopicOptions options{};
  };

  void Count(const Entry& entry, size_t sign);
  void Drop(Topic& topic);

  Mailbox& mailbox_;
  uint64_t calls_ = 0;
  size_t bytes_ = 0;
  size_t live_ = 0;  // messages
  size_t live_bytes_ = 0;
  absl::flat_hash_map<std::string, Topic> topics_;
};

}  // namespace weft

#endif  // WEFT_SERVER_HELD_TOPICS_H_
