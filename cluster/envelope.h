// A message of a topic as bytes, between nodes and in the store.

#ifndef WEFT_CLUSTER_ENVELOPE_H_
#define WEFT_CLUSTER_ENVELOPE_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "weft/server/topics/topic_history.h"

namespace weft {

// The format, of which numbers are big-endian:
//
//   version   1 byte    1
//   flags     1 byte    1: the payload is binary, not text   2: do not compress it
//                       4: there is a key   8: there is an id   others: 0
//   time      8 bytes   when it was published, in milliseconds since 1970, below 2^53
//   key       2 bytes of length, which is not 0, and the key; only with its flag
//   id        the same
//   payload   the rest
//
// A message has one encoding. Its position is not part of it: that is the store's.
constexpr uint8_t kEnvelopeVersion = 1;

// Appends the message to `out`. InvalidArgument, without a change, for a key or an id over 65,535
// bytes. The time is cut to milliseconds, and to what the format can express.
absl::Status AppendEnvelope(const TopicMessage& message, std::string* out);

// Unimplemented for a version or flags that this code does not know: a newer node has written it.
// InvalidArgument if the bytes are not an envelope, or its text is not UTF-8. The error names what
// is wrong, and what was expected.
absl::StatusOr<TopicMessage> ParseEnvelope(absl::string_view bytes);

}  // namespace weft

#endif  // WEFT_CLUSTER_ENVELOPE_H_
