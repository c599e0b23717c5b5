// Updates of a topic that the broker's thread passes to a loop.

#ifndef WEFT_SERVER_TOPICS_TOPIC_UPDATE_H_
#define WEFT_SERVER_TOPICS_TOPIC_UPDATE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "weft/loop/mailbox.h"
#include "weft/server/topics/topic_event.h"
#include "weft/server/topics/topic_history.h"

namespace weft {

// Messages and events of one topic, in their order: for all its members on the loop, or for
// sessions that join it.
struct TopicUpdate {
  using Entry = std::variant<TopicEvent, TopicMessage>;

  // For a session that joins.
  struct Answer {
    uint32_t number;                    // of the join
    std::optional<TopicEvent> event{};  // before its messages; none: they follow an earlier answer
    size_t first = 0;                   // the entries from here on are its messages
    bool is_last = true;                // it is a member now: live updates follow
  };

  std::string topic;
  std::vector<Entry> entries{};
  std::vector<Answer> answers{};  // empty: the entries are for the members

  // The room that it takes of the loop's budget.
  size_t cost() const;
  static size_t CostOf(const TopicMessage& message);
};

// A loop, as SharedTopics sees it.
class TopicLoop {
 public:
  // Outlives the loop. Any thread.
  virtual const std::shared_ptr<Mailbox>& mailbox() const = 0;

  // Passes an update to the loop's sessions. Called on the loop's thread, in a task of its mailbox.
  virtual void OnTopicUpdate(const TopicUpdate& update) = 0;

 protected:
  ~TopicLoop() = default;
};

}  // namespace weft

#endif  // WEFT_SERVER_TOPICS_TOPIC_UPDATE_H_
