// The client's side of the opening handshake (RFC 6455, section 4.1).

#ifndef WEFT_CLIENT_UPGRADE_H_
#define WEFT_CLIENT_UPGRADE_H_

#include <cstddef>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "weft/client/blocking_stream.h"
#include "weft/client/client_options.h"
#include "weft/core/deflate/permessage_deflate.h"
#include "weft/core/handshake/handshake.h"
#include "weft/core/http/url.h"
#include "weft/transport/stream.h"

namespace weft {

// What an opening handshake leaves behind.
struct Upgraded {
  Stream stream;
  std::string subprotocol;  // the server's choice; empty when none
  std::string early;        // what came behind the head of the answer: the first frames, perhaps
  std::optional<DeflateAgreement> deflate;  // none: nothing is compressed
};

// The most that `early` can be.
inline constexpr size_t kMaxEarlyBytes = BlockingStream::kMaxReadBytes;

// Asks the server at the other end of `stream` for the WebSocket of `url`; of the options, those
// for HTTP and for compression count. A server that refuses is quoted, and RefusalOf() knows the
// rest of its answer.
absl::StatusOr<Upgraded> Upgrade(BlockingStream stream, const Url& url, const UpgradeOffer& offer,
                                 const ClientOptions& options);

}  // namespace weft

#endif  // WEFT_CLIENT_UPGRADE_H_
