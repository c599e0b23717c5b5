// All that happened to a topic in a run whose store and nodes are real, for a check afterwards.

#ifndef WEFT_CLUSTER_TESTING_TOPIC_LOG_H_
#define WEFT_CLUSTER_TESTING_TOPIC_LOG_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "weft/cluster/testing/delivery_checker.h"
#include "weft/server/topics/position.h"
#include "weft/server/topics/topic_event.h"
#include "weft/server/topics/topic_history.h"

namespace weft::testing {

// A topic with history, as its nodes, or sessions, have seen it, each in its order; its publishers;
// and its store.
struct TopicLog {
  struct Entry {
    Position position{};
    std::string payload{};
    std::optional<TopicEvent> event{};  // none: a message
  };

  std::map<size_t, std::vector<Entry>> nodes;
  std::vector<TopicState> epochs;                      // each as it was first seen, in their order
  std::map<std::string, Position> acknowledged;        // by payload
  std::vector<std::pair<Position, std::string>> kept;  // in the end
  std::vector<Position> trimmed;  // the history was deleted when this was the last message

  // Nodes that may have given up a read: a gap "unreadable" needs no other reason.
  bool reads_may_fail = false;

  // The state was read from the store. Each epoch must be seen before the next one begins.
  void See(const TopicState& state);

  struct Sums {
    uint64_t stored = 0, delivered = 0, gaps = 0;
  };

  // Replays it, epoch by epoch, through a DeliveryChecker. Besides its rules: a position has one
  // payload, whoever has seen it, a payload has one position, and every node has all that was
  // acknowledged or kept, or has had a gap there.
  Sums Check(const DeliveryChecker::Fail& fail) const;
};

}  // namespace weft::testing

#endif  // WEFT_CLUSTER_TESTING_TOPIC_LOG_H_
