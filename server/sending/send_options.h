// What a send may ask for, and what becomes of a message that there is no room for.

#ifndef WEFT_SERVER_SENDING_SEND_OPTIONS_H_
#define WEFT_SERVER_SENDING_SEND_OPTIONS_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "weft/core/deflate/compression.h"

namespace weft {

// The answer to a slow reader: what becomes of a message that its session's queue has no room for.
// docs/sending.md says which fits what.
enum class WhenFull : uint8_t {
  kFail,        // The send is refused with ResourceExhausted: the sender decides.
  kDropNewest,  // The message is dropped, and the send is OK.
  kDropOldest,  // Waiting messages that were sent so as well are dropped, the oldest first, until
                // it fits; where that cannot be enough, the message itself is.
  kDisconnect,  // The session is closed with 1013 (try again later), and what waited is dropped.
};

// For one send.
struct SendOptions {
  Compress compress = Compress::kYes;

  // Not empty: of this key only the latest message is worth sending. One that still waits is
  // replaced, in its place, so that a slow reader gets each key's latest and no history. Compared
  // among all keys of the session; copied.
  absl::string_view key{};

  // None: ServerSending::when_full.
  std::optional<WhenFull> when_full{};

  // There is room for the message as long as the session's queue, with it, has no more bytes than
  // this; ServerSending::max_queue_bytes is the limit anyway. A smaller one for what matters
  // less leaves room for what matters.
  size_t max_queue_bytes = std::numeric_limits<size_t>::max();

  // By a SessionRef, or in a handler that has a thread (ServerOptions::handler_threads): how long
  // the send may block until there is room, before when_full is the answer; with kFail that is
  // DeadlineExceeded then. Threads that run loops never block.
  absl::Duration timeout = absl::ZeroDuration();
};

}  // namespace weft

#endif  // WEFT_SERVER_SENDING_SEND_OPTIONS_H_
