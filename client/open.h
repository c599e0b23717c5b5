// From a URL to an open WebSocket's stream.

#ifndef WEFT_CLIENT_OPEN_H_
#define WEFT_CLIENT_OPEN_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "weft/client/connecting/client_options.h"
#include "weft/client/upgrade.h"

namespace weft {

// Dial(), then Upgrade(), and both again for each redirect that is followed, all within
// options.timeouts.connect and until options.cancel. Errors as in Client::Connect. Blocks; callable
// from any thread.
absl::StatusOr<Upgraded> Open(absl::string_view url, const ClientOptions& options);

}  // namespace weft

#endif  // WEFT_CLIENT_OPEN_H_
