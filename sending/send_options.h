// The options of one send, and the policies for a message that does not fit into its queue.

#ifndef WEFT_SENDING_SEND_OPTIONS_H_
#define WEFT_SENDING_SEND_OPTIONS_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "weft/core/deflate/compression.h"

namespace weft {

// The policy for a slow reader: the fate of a message for which the session's queue has no room.
// docs/sending.md says which policy fits which application.
enum class WhenFull : uint8_t {
  kFail,        // The send is refused with ResourceExhausted: the sender decides.
  kDropNewest,  // The message is dropped, and the send is OK.
  kDropOldest,  // Waiting messages that were sent with kDropOldest are dropped, the oldest first,
                // until the new one fits. If that cannot be enough, the new one is dropped.
  kDisconnect,  // The session is closed with 1013 (try again later), and its queue is dropped.
};

// For one send.
struct SendOptions {
  Compress compress = Compress::kYes;

  // Not empty: the message replaces one with the same key that still waits, and takes its place in
  // the queue. So a slow reader gets the latest message of each key and no history. All keys of a
  // session are in one name space. Copied.
  absl::string_view key{};

  // None: ServerSending::when_full.
  std::optional<WhenFull> when_full{};

  // The message has room if the session's queue, including it, has at most this number of bytes;
  // ServerSending::max_queue_bytes limits the queue in any case. A smaller limit for less
  // important messages leaves room for important ones.
  size_t max_queue_bytes = std::numeric_limits<size_t>::max();

  // For a SessionRef, and for handlers on threads of their own (ServerOptions::handler_threads):
  // how long the send may wait for room before when_full applies; kFail then returns
  // DeadlineExceeded. A thread that runs a loop never waits.
  absl::Duration timeout = absl::ZeroDuration();
};

}  // namespace weft

#endif  // WEFT_SENDING_SEND_OPTIONS_H_
