// The options of a subscription.

#ifndef WEFT_SERVER_TOPICS_SUBSCRIBE_OPTIONS_H_
#define WEFT_SERVER_TOPICS_SUBSCRIBE_OPTIONS_H_

#include <string>

#include "absl/status/statusor.h"
#include "weft/server/topics/position.h"

namespace weft {

struct SubscribeOptions {
  // Not empty: continues after this position, in the form of Position::ToString(), as the client
  // has it from an earlier session. The messages after it come first, each once and in order; or
  // Handler::OnTopic gets a gap. Ignored if the session is subscribed already: unsubscribe first.
  std::string since{};
};

// None for an empty `since`. InvalidArgument for one that is not a position.
absl::StatusOr<Position> ParseSince(const SubscribeOptions& options);

}  // namespace weft

#endif  // WEFT_SERVER_TOPICS_SUBSCRIBE_OPTIONS_H_
