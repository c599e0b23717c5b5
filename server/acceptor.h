// The application's decision about an upgrade request.

#ifndef WEFT_SERVER_ACCEPTOR_H_
#define WEFT_SERVER_ACCEPTOR_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "weft/core/handshake.h"
#include "weft/server/handler.h"

namespace weft {

// What the answer says beside what it must.
struct UpgradeResponse {
  // One of UpgradeRequest's subprotocols, or empty for none.
  std::string subprotocol;

  // More header fields, such as Set-Cookie.
  std::vector<std::pair<std::string, std::string>> headers;
};

// Makes the handler of a new session, or refuses the request: a Status becomes an HTTP answer with
// its text, by its code (PermissionDenied: 403, NotFound: 404, ...) or as HttpError says. Called on
// every loop's thread, so it must be thread-safe, and must not block. The request is a view, dead
// when the call returns.
//
//   [](const UpgradeRequest& request, UpgradeResponse&) -> absl::StatusOr<std::unique_ptr<Handler>>
//   {
//     if (request.path() != "/chat") return absl::NotFoundError("try /chat");
//     return std::make_unique<ChatHandler>();
//   }
using Acceptor = std::function<absl::StatusOr<std::unique_ptr<Handler>>(const UpgradeRequest&,
                                                                        UpgradeResponse&)>;

}  // namespace weft

#endif  // WEFT_SERVER_ACCEPTOR_H_
