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
#include "weft/server/handler.h"
#include "weft/server/http/late_answer.h"
#include "weft/server/loop_context.h"
#include "weft/server/server_options.h"
#include "weft/transport/address.h"
#include "weft/transport/stream.h"

namespace weft {

// A request that is kept for its session: UpgradeResponse::keep_request.
struct KeptRequest {
  std::string head{};  // the views of the request point into it
  SessionRequest request{};
  size_t bytes = 0;  // of memory, of all this
};

// The part of the opening handshake that a session keeps.
struct SessionOpening {
  std::string subprotocol{};
  std::unique_ptr<const KeptRequest> kept{};  // null: the request is not kept
};

using LateUpgrade = internal::LateAnswer<UpgradeDecision>;

struct AcceptedUpgrade {
  std::shared_ptr<LateUpgrade> later{};  // not null: the acceptor has not decided, and the rest is
                                         // empty
  std::unique_ptr<Handler> handler{};
  std::string response{};                           // the complete 101 response
  std::optional<DeflateAgreement> deflate{};        // none: nothing is compressed
  std::unique_ptr<const SessionOpening> opening{};  // null: nothing of it is kept
};

// A page of another origin must not use its visitor's cookies and network to connect to this server
// (section 10.2): 403 unless ServerHttp::allowed_origins allows the origin.
absl::Status CheckOrigin(const UpgradeRequest& request, const ServerOptions& options);

// Asks the application's acceptor, or takes the `decision` that it has made later. An error has its
// HTTP status, and is to be sent with the headers in `response`: an acceptor that refuses may set
// some. `head` is the text of the request; `stream` and `peer` are those that it came from.
// Compression is accepted if there is memory for it.
absl::StatusOr<AcceptedUpgrade> AcceptUpgrade(UpgradeRequest upgrade, absl::string_view head,
                                              const Stream& stream, const SocketAddress& peer,
                                              LoopContext& context, UpgradeResponse& response,
                                              std::optional<UpgradeDecision> decision);

}  // namespace weft

#endif  // WEFT_SERVER_UPGRADE_H_
