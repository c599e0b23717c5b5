// From a URL to a stream to its server.

#ifndef WEFT_CLIENT_DIAL_H_
#define WEFT_CLIENT_DIAL_H_

#include "absl/status/statusor.h"
#include "weft/client/blocking_stream.h"
#include "weft/client/client_options.h"
#include "weft/core/url.h"
#include "weft/transport/deadline.h"

namespace weft {

// Connects to the server of `url`, through a proxy where there is one, and with TLS where the URL
// says so, up to `deadline` and to options.cancel. The server then waits for a request. Errors say
// which step failed, with whom, and why. Blocks; any thread.
absl::StatusOr<BlockingStream> Dial(const Url& url, const ClientOptions& options,
                                    Deadline deadline);

}  // namespace weft

#endif  // WEFT_CLIENT_DIAL_H_
