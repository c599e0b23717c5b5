// Names and messages of topics in Redis: docs/cluster_wire.md.

#ifndef WEFT_CLUSTER_REDIS_WIRE_H_
#define WEFT_CLUSTER_REDIS_WIRE_H_

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "weft/cluster/redis/resp.h"
#include "weft/server/topics/position.h"
#include "weft/server/topics/topic_history.h"

namespace weft {

// The keys and the channel of a topic. The braces make all of them belong to one slot, should it be
// a Redis Cluster one day; a topic that begins with '}' would not.
class RedisNames {
 public:
  explicit RedisNames(std::string prefix) : prefix_(std::move(prefix)) {}

  std::string Meta(absl::string_view topic) const;
  std::string History(absl::string_view topic) const;
  std::string Id(absl::string_view topic, absl::string_view id) const;
  std::string Channel(absl::string_view topic) const;

  // The topic of a channel; none for another channel.
  std::optional<absl::string_view> TopicOf(absl::string_view channel) const;

  // The channel of one node, for its own probes.
  std::string NodeChannel(absl::string_view node) const;

 private:
  const std::string prefix_;
};

// The message of a channel for each publish: "EPOCH OFFSET COUNT ", with the offset of the last
// message, then for each message the size of its envelope in bytes, ':' and the envelope. Without
// history the epoch is "-" and the offset 0.
struct TopicBatch {
  Position last{};
  size_t count = 0;

  // Those that this node can read, with their positions.
  std::vector<TopicMessage> messages{};

  // Why the others cannot be read, for one of them: see ParseEnvelope().
  absl::Status unreadable{};
};

// A batch without history, of the envelopes of `messages`. The errors of AppendEnvelope().
absl::StatusOr<std::string> BatchText(const std::vector<TopicMessage>& messages);

// InvalidArgument, with what is wrong, for bytes that are not a batch.
absl::StatusOr<TopicBatch> ParseBatch(absl::string_view bytes);

// Replies of the script; Internal, with what is wrong, if another script must have sent them.
absl::StatusOr<Position> ParsePublished(const RespValue& reply);
absl::StatusOr<TopicState> ParseState(const std::vector<RespValue>& fields);

// The fields of RedisNames::Meta() that ParseMeta() reads.
constexpr absl::string_view kMetaFields[] = {"e", "s", "r", "pe", "ps"};

// The state in them, as the reply to HMGET. None if only the script can tell: the topic has no
// epoch, or one of another process than `history_id` names.
std::optional<TopicState> ParseMeta(const RespValue& reply, absl::string_view history_id);

// At most `limit` messages and HistoryPage::kMaxBytes. A message that this node cannot read ends
// the page before it; if it is the first, its error is the result.
absl::StatusOr<HistoryPage> ParsePage(const RespValue& reply, Position since, size_t limit);

}  // namespace weft

#endif  // WEFT_CLUSTER_REDIS_WIRE_H_
