// The message by which a node tells the others of its subscribers.

#ifndef WEFT_CLUSTER_SUBSCRIBER_REPORT_H_
#define WEFT_CLUSTER_SUBSCRIBER_REPORT_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "weft/server/topics/position.h"

namespace weft {

// The format, of which numbers are big-endian; docs/cluster_wire.md has it too:
//
//   version   1 byte    1
//   flags     1 byte    1: begins all counts   2: ends them   4: asks   others: 0
//   node      8 bytes   the name of the node
//   number    4 bytes   one more than that of the node's report before, modulo 2^32
//   asked     8 bytes   only with flag 4: the name of the node that is asked for all its counts
//   counts    the rest: of each topic 2 bytes of length, the name, and 4 bytes of subscribers
//
// A report has one encoding.
struct SubscriberReport {
  static constexpr uint8_t kVersion = 1;
  static constexpr size_t kNodeBytes = Epoch::kMaxBytes;  // a name is an epoch of this length
  static constexpr size_t kMaxTopicBytes = 65535;

  struct Count {
    std::string topic;
    uint32_t subscribers = 0;

    friend bool operator==(const Count&, const Count&) = default;
  };

  Epoch node{};
  uint32_t number = 0;

  // All counts of the node are sent in one or more reports; `begins_all` is set in the first and
  // `ends_all` in the last. A topic that is in none of them has no subscribers at the node.
  bool begins_all = false;
  bool ends_all = false;

  // Asks the node of this name for all its counts.
  std::optional<Epoch> asked{};

  std::vector<Count> counts{};

  // The bytes that a topic adds.
  static size_t BytesOf(absl::string_view topic) { return 2 + topic.size() + 4; }

  // Topics have at most kMaxTopicBytes.
  std::string ToBytes() const;

  // Unimplemented for another version, and for flags that this code does not know; InvalidArgument
  // for bytes that are not a report.
  static absl::StatusOr<SubscriberReport> Parse(absl::string_view bytes);

  friend bool operator==(const SubscriberReport&, const SubscriberReport&) = default;
};

}  // namespace weft

#endif  // WEFT_CLUSTER_SUBSCRIBER_REPORT_H_
