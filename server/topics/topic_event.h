// Events of a subscription, besides its messages.

#ifndef WEFT_SERVER_TOPICS_TOPIC_EVENT_H_
#define WEFT_SERVER_TOPICS_TOPIC_EVENT_H_

#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"
#include "weft/server/topics/position.h"

namespace weft {

// Why messages of a topic are missing, or may be.
enum class GapReason : uint8_t {
  // The history no longer has them: it keeps a limited number, for a limited time.
  kTooOld,

  // The position is of an epoch of which the store knows nothing: the topic expired, was deleted,
  // or the store was restarted more than once. Nothing may be missing, but nobody can tell.
  kOtherEpoch,

  // The position is after the last message that the store has: the store was restarted, and has
  // forgotten its latest messages. Messages that were seen are no longer in the history.
  kAhead,

  // The topic has no history, and the connection to the store was lost for a while.
  kMissed,

  // The messages that wait for the sessions of one loop, or for this session, had exceeded their
  // limit.
  kOverfull,

  // The store has the history, but reading it failed several times.
  kUnreadable,

  // Subscribe() could not return an error, because a handler thread or a SessionRef called it: the
  // session is not subscribed.
  kRefused,
};

// "too old", "other epoch" and so on: for logs, and as the label of a metric.
constexpr absl::string_view GapReasonName(GapReason reason) {
  switch (reason) {
    case GapReason::kTooOld:
      return "too old";
    case GapReason::kOtherEpoch:
      return "other epoch";
    case GapReason::kAhead:
      return "ahead";
    case GapReason::kMissed:
      return "missed";
    case GapReason::kOverfull:
      return "overfull";
    case GapReason::kUnreadable:
      return "unreadable";
    case GapReason::kRefused:
      return "refused";
  }
  return "unknown";
}

// After each event the messages after `position` follow, every one once and in order, until the
// next event; with "latest only" the newest one at least. An application that shows a state built
// from all messages loads the state again after a gap.
struct TopicEvent {
  enum class Type : uint8_t {
    kJoined,   // the subscription has begun
    kResumed,  // the subscription continues at the position for which it asked: nothing is missing
    kGap,      // messages before `position` are missing, or may be: `reason` says why
  };

  Type type = Type::kJoined;
  Position position{};  // none if the topic has no history

  // Of a gap only.
  GapReason reason = GapReason::kMissed;
  std::optional<uint64_t> missed{};  // the number of missing messages, where it is known

  // Only the newest message of the topic counts: TopicOptions::latest_only.
  bool latest_only = false;

  friend bool operator==(const TopicEvent&, const TopicEvent&) = default;
};

}  // namespace weft

#endif  // WEFT_SERVER_TOPICS_TOPIC_EVENT_H_
