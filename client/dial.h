// Opens a stream to the server of a URL.

#ifndef WEFT_CLIENT_DIAL_H_
#define WEFT_CLIENT_DIAL_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "weft/client/blocking_stream.h"
#include "weft/client/connecting/client_options.h"
#include "weft/core/http/url.h"
#include "weft/transport/deadline.h"
#include "weft/transport/stream.h"

namespace weft {

// The server to connect to.
struct Destination {
  Url url;
  // ClientOptions::connect_to, if it applies to this server: HOST or HOST:PORT. Empty: the URL's.
  absl::string_view connect_to;
  Stream::Identity identity = Stream::Identity::kShown;
};

// Connects to the server of `to`, through a proxy if there is one, and with TLS if the URL requires
// it, until `deadline` and options.cancel. The server then waits for a request. Errors say which
// step failed, with which peer, and why. Blocks; callable from any thread.
absl::StatusOr<BlockingStream> Dial(const Destination& to, const ClientOptions& options,
                                    Deadline deadline);

}  // namespace weft

#endif  // WEFT_CLIENT_DIAL_H_
