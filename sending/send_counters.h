// The counters of sent and dropped messages.

#ifndef WEFT_SENDING_SEND_COUNTERS_H_
#define WEFT_SENDING_SEND_COUNTERS_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "weft/sending/counter.h"

namespace weft {

// Why a message was not sent.
enum class DropReason : uint8_t {
  kQueueFull,     // no room, and the sender got an error: WhenFull::kFail
  kNewest,        // no room, and it was the newest: WhenFull::kDropNewest
  kOldest,        // a newer message needed its room: WhenFull::kDropOldest
  kReplaced,      // a newer message with its key came: SendOptions::key
  kDisconnected,  // its reader was too slow: WhenFull::kDisconnect
  kClosed,        // it waited when its session ended
};
inline constexpr size_t kDropReasons = 6;
absl::string_view NameOf(DropReason reason);  // "queue_full", ...

// The part of the metrics of a server or a client that its outboxes count.
template <typename Number>
struct SendCountersOf {
  std::array<Number, kDropReasons> dropped_messages{};
  Number messages_sent{};  // accepted for sending; for each subscriber of a topic
  Number bytes_sent{};     // on the wire, all protocols, without TLS

  // Current value: memory held for unfinished messages and unsent answers.
  Number buffered_bytes{};
};

using SendCounters = SendCountersOf<Counter>;

}  // namespace weft

#endif  // WEFT_SENDING_SEND_COUNTERS_H_
