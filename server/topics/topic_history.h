// The messages that a store keeps of a topic.

#ifndef WEFT_SERVER_TOPICS_TOPIC_HISTORY_H_
#define WEFT_SERVER_TOPICS_TOPIC_HISTORY_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "weft/core/encoded_message.h"
#include "weft/server/topics/position.h"
#include "weft/server/topics/topic_event.h"

namespace weft {

// How much of a topic is kept, for subscribers that come back and for nodes that lost their
// connection. Without history the messages have no positions.
struct TopicHistory {
  size_t messages = 0;  // the last ones; 0: none. 1: the present value, "latest only".

  // The history is forgotten when nothing was published for this time, and not earlier.
  absl::Duration time = absl::Minutes(5);

  bool is_kept() const { return messages > 0; }
};

// A message of a topic on its way between nodes.
struct TopicMessage {
  EncodedMessage message;
  std::string key{};    // SendOptions::key
  std::string id{};     // the topic stores a message with this id once in five minutes; empty: none
  absl::Time time{};    // when it was published, by the publisher's clock
  Position position{};  // set by the store; none without history

  // The memory that it takes, about.
  size_t bytes() const { return sizeof *this + message.size() + key.size() + id.size(); }
};

// Where a topic is, and how it came there.
struct TopicState {
  Position position{};  // of the last message; offset 0 if there was none

  // Lineage: the previous epoch, and where it ended. Offsets continue from there, and the messages
  // up to there are the same in both epochs. None if nothing of an earlier epoch was left.
  Position previous_end{};

  // Where the present epoch began: the messages after it were published in this epoch.
  Position start() const { return {position.epoch, previous_end.offset}; }

  // Why the topic cannot continue after `since`; none if it can, unless the history is too short.
  std::optional<GapReason> GapAfter(Position since) const {
    if (since.epoch == position.epoch) {
      return since.offset <= position.offset ? std::nullopt
                                             : std::optional<GapReason>(GapReason::kAhead);
    }
    if (!since.is_set() || since.epoch != previous_end.epoch) return GapReason::kOtherEpoch;
    if (since.offset > previous_end.offset) return GapReason::kAhead;
    return std::nullopt;
  }

  friend bool operator==(const TopicState&, const TopicState&) = default;
};

// Part of a topic's history.
struct HistoryPage {
  static constexpr size_t kMaxMessages = 256;
  static constexpr size_t kMaxBytes = size_t{1} << 20;

  Position since{};    // that was asked for
  TopicState state{};  // when the history was read

  // The oldest that are kept after `since`, in order and without holes, in positions of the present
  // epoch. None if state.GapAfter(since). More follow after the last one if state.position does.
  std::vector<TopicMessage> messages{};
};

}  // namespace weft

#endif  // WEFT_SERVER_TOPICS_TOPIC_HISTORY_H_
