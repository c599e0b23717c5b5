// From a URL to an open WebSocket's stream, for a thread that waits.

#ifndef WEFT_CLIENT_OPEN_H_
#define WEFT_CLIENT_OPEN_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "weft/client/connecting/client_options.h"
#include "weft/client/connecting/connector.h"

namespace weft {

// Runs a Connector within options.timeouts.connect and until options.cancel. Errors as in
// Client::Connect. Blocks; callable from any thread.
absl::StatusOr<Connector::Result> Open(absl::string_view url, const ClientOptions& options);

}  // namespace weft

#endif  // WEFT_CLIENT_OPEN_H_
