// The counters of topics that a broker carries.

#ifndef WEFT_SERVER_TOPICS_TOPIC_COUNTERS_H_
#define WEFT_SERVER_TOPICS_TOPIC_COUNTERS_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "weft/metrics/time_histogram.h"
#include "weft/server/topics/topic_event.h"

namespace weft {

// How the publish of a message ended.
enum class PublishOutcome : uint8_t {
  kStored,
  kRefused,  // certainly not published: Unavailable, ResourceExhausted, InvalidArgument
  kUnknown,  // every other error: it may have been published
};
inline constexpr size_t kPublishOutcomes = 3;
constexpr absl::string_view NameOf(PublishOutcome outcome) {
  constexpr absl::string_view kNames[] = {"stored", "refused", "unknown"};
  return kNames[static_cast<size_t>(outcome)];
}
inline PublishOutcome OutcomeOf(const absl::Status& status) {
  if (status.ok()) return PublishOutcome::kStored;
  const bool refused = absl::IsUnavailable(status) || absl::IsResourceExhausted(status) ||
                       absl::IsInvalidArgument(status);
  return refused ? PublishOutcome::kRefused : PublishOutcome::kUnknown;
}

inline constexpr size_t kGapReasons = 7;

// Why a node has to connect to the store again.
enum class BrokerReconnectReason : uint8_t {
  kLost,         // the connection was closed or reset
  kUnreachable,  // an attempt to connect failed
  kTimeout,      // no answer in time, or a message of the node to itself did not arrive
  kLogin,        // password, rights, certificates or their files
  kRole,         // not the master, or another process of the store than before
  kOther,        // such as an answer that makes no sense
};
inline constexpr size_t kBrokerReconnectReasons = 6;
constexpr absl::string_view NameOf(BrokerReconnectReason reason) {
  constexpr absl::string_view kNames[] = {"lost",  "unreachable", "timeout",
                                          "login", "role",        "other"};
  return kNames[static_cast<size_t>(reason)];
}

// Totals since the start, except for the last group. "Messages" are those of all topics of the
// node, before each goes to its subscribers.
template <typename Number>
struct TopicCountersOf {
  std::array<Number, kPublishOutcomes> published{};
  TimeHistogram<Number> publish_time{};  // from a publish that was accepted to its outcome

  Number received{};    // messages that came from the broker
  Number healed{};      // messages that were delivered from the history
  Number duplicates{};  // messages that came again, and were dropped
  Number malformed{};   // messages, states and pages that cannot be

  // From a publish, by the clock of the node that published, to the arrival of its message here.
  // Without messages that were read from the history.
  TimeHistogram<Number> lag{};

  Number reads{};  // of the history

  // Events: of a topic on a loop, or of a session that subscribes.
  std::array<Number, kGapReasons> gaps{};
  Number joined{};
  Number resumed{};
  Number refused{};  // sessions that could not subscribe, because of too many topics

  Number skipped{};    // updates that a loop without room missed: a gap follows
  Number paused_ms{};  // nothing was read from the broker, because a loop had no room
  Number lost{};       // connections

  // ---- Current values ----
  Number topics{};  // with subscribers on this node, or that had some a moment ago
};

// The counters of an engine: totals since its start, except for the last group.
struct BrokerCounts {
  uint64_t connects = 0;  // connections to the store that were made, also the first ones

  // ... that were lost, and attempts that failed; by BrokerReconnectReason.
  std::array<uint64_t, kBrokerReconnectReasons> reconnects{};
  uint64_t overdue = 0;         // calls of the store that were not answered in time
  uint64_t received_bytes = 0;  // on these connections
  uint64_t sent_bytes = 0;
  uint64_t unreadable = 0;  // messages of other nodes that this one cannot read

  // ---- Current values ----
  bool messages_up = false;     // messages can arrive
  bool commands_up = false;     // publishes and reads can be performed
  uint64_t outbound_bytes = 0;  // of publishes and reads that wait for the store

  // How long the last message of the node to itself was on its way. Zero: none has arrived yet.
  absl::Duration probe{};
};

}  // namespace weft

#endif  // WEFT_SERVER_TOPICS_TOPIC_COUNTERS_H_
