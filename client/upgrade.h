// The client's side of the opening handshake (RFC 6455, section 4.1).

#ifndef WEFT_CLIENT_UPGRADE_H_
#define WEFT_CLIENT_UPGRADE_H_

#include <cstddef>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "weft/client/blocking_stream.h"
#include "weft/client/connecting/client_options.h"
#include "weft/core/deflate/permessage_deflate.h"
#include "weft/core/handshake/handshake.h"
#include "weft/core/http/url.h"
#include "weft/transport/stream.h"

namespace weft {

// The result of an opening handshake.
struct Upgraded {
  Stream stream;
  std::string subprotocol;  // the server's choice; empty when none
  // the bytes received after the head of the response: perhaps the first frames
  std::string early;
  std::optional<DeflateAgreement> deflate;  // none: no compression
};

// The maximum size of `early`.
inline constexpr size_t kMaxEarlyBytes = BlockingStream::kMaxReadBytes;

// Asks the server at the other end of `stream` for the WebSocket of `url`, with the options for
// HTTP and for compression. If the server refuses, the
// error quotes it, and RefusalOf() returns the rest of its response.
absl::StatusOr<Upgraded> Upgrade(BlockingStream stream, const Url& url, const UpgradeOffer& offer,
                                 const ClientOptions& options);

}  // namespace weft

#endif  // WEFT_CLIENT_UPGRADE_H_
