// From a URL to an open WebSocket's stream.

#ifndef WEFT_CLIENT_UPGRADE_H_
#define WEFT_CLIENT_UPGRADE_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "weft/client/client_options.h"
#include "weft/transport/stream.h"

namespace weft {

// What an opening handshake leaves behind.
struct Upgraded {
  Stream stream;
  std::string subprotocol;  // the server's choice; empty when none
  std::string early;        // what came behind the head of the answer: the first frames, perhaps
};

// The most that `early` can be.
inline constexpr size_t kMaxEarlyBytes = 4096;

// Connects to `url` and performs the client's side of the opening handshake (RFC 6455, section
// 4.1), all within options.connect_timeout. Errors as Client::Connect says. Blocks; any thread.
absl::StatusOr<Upgraded> Upgrade(absl::string_view url, const ClientOptions& options);

}  // namespace weft

#endif  // WEFT_CLIENT_UPGRADE_H_
