// From a URL to a stream to its server.

#ifndef WEFT_CLIENT_DIAL_H_
#define WEFT_CLIENT_DIAL_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "weft/client/blocking_stream.h"
#include "weft/client/client_options.h"
#include "weft/core/http/url.h"
#include "weft/transport/deadline.h"
#include "weft/transport/stream.h"

namespace weft {

// A server, and what it is to know.
struct Destination {
  Url url;
  // ClientOptions::connect_to, where it is for this server: HOST or HOST:PORT. Empty: where the URL
  // says.
  absl::string_view connect_to;
  Stream::Identity identity = Stream::Identity::kShown;
};

// Connects to the server of `to`, through a proxy where there is one, and with TLS where the URL
// says so, up to `deadline` and to options.cancel. The server then waits for a request. Errors say
// which step failed, with whom, and why. Blocks; any thread.
absl::StatusOr<BlockingStream> Dial(const Destination& to, const ClientOptions& options,
                                    Deadline deadline);

}  // namespace weft

#endif  // WEFT_CLIENT_DIAL_H_
