// The server's side of the opening handshake: from a request to a handler and an answer.

#ifndef WEFT_SERVER_UPGRADE_H_
#define WEFT_SERVER_UPGRADE_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "weft/core/deflate/permessage_deflate.h"
#include "weft/core/handshake/handshake.h"
#include "weft/server/acceptor.h"
#include "weft/server/forwarding/advice.h"
#include "weft/server/forwarding/forwarded.h"
#include "weft/server/handler.h"
#include "weft/server/http/late_answer.h"
#include "weft/server/kept_request.h"
#include "weft/server/loop_context.h"
#include "weft/server/server_options.h"
#include "weft/transport/address.h"
#include "weft/transport/stream.h"

namespace weft {

// The part of the opening handshake that a session keeps.
struct SessionOpening {
  std::string subprotocol{};
  std::unique_ptr<const KeptRequest> kept{};  // null: the request is not kept
};

using LateUpgrade = internal::LateAnswer<UpgradeDecision>;

struct AcceptedUpgrade {
  // Not null: the acceptor has not decided, and the rest is empty.
  std::shared_ptr<LateUpgrade> later{};
  PathParameters path_parameters{};  // of a request that is decided later

  std::unique_ptr<Handler> handler{};
  std::string response{};                           // the complete 101 response
  std::optional<DeflateAgreement> deflate{};        // none: nothing is compressed
  std::unique_ptr<const SessionOpening> opening{};  // null: nothing of it is kept
};

// A page of another origin must not use its visitor's cookies and network to connect to this server
// (section 10.2): 403 unless it is of the host of the request, which is that of `source` if trusted
// proxies say one, or ServerHttp::allowed_origins allows the origin.
absl::Status CheckOrigin(const UpgradeRequest& request, const Stream& stream,
                         const RequestSource& source, const LoopContext& context);

// The proxy that has passed on the request of `client`: the peer of the socket. No address if that
// is the client itself.
SocketAddress ProxyOf(const Stream& stream, const SocketAddress& client,
                      const LoopContext& context);

// The kind of `client`, the source of a request or of a connection. Asks the system for the peer.
Sender SenderOf(const Stream& stream, const SocketAddress& client, const LoopContext& context);

// "https" or "http": how the client has connected, to us or to the first proxy.
absl::string_view SchemeOf(const Stream& stream, const RequestSource& source);

// Asks the application's acceptor, or takes the `decision` that it has made later. An error has its
// HTTP status, and is to be sent with the headers in `response`: an acceptor that refuses may set
// some. `head` is the text of the request; `stream` and `source` are those that it came from.
// Compression is accepted if there is memory for it.
absl::StatusOr<AcceptedUpgrade> AcceptUpgrade(UpgradeRequest upgrade, absl::string_view head,
                                              const Stream& stream, const RequestSource& source,
                                              LoopContext& context, UpgradeResponse& response,
                                              std::optional<UpgradeDecision> decision);

}  // namespace weft

#endif  // WEFT_SERVER_UPGRADE_H_
