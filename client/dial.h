// From a URL to a stream to its server.

#ifndef WEFT_CLIENT_DIAL_H_
#define WEFT_CLIENT_DIAL_H_

#include "absl/status/statusor.h"
#include "weft/client/blocking_stream.h"
#include "weft/core/url.h"
#include "weft/transport/deadline.h"
#include "weft/transport/wait.h"

namespace weft {

// Connects to the server of `url`, which then waits for a request. Errors say which step failed,
// with whom, and why. `cancel` may be null. Blocks; any thread.
absl::StatusOr<BlockingStream> Dial(const Url& url, Deadline deadline, const Notification* cancel);

}  // namespace weft

#endif  // WEFT_CLIENT_DIAL_H_
