// Where a request to the tap goes, and whether it may.

#ifndef WEFT_EXAMPLES_INSPECT_TAP_ROUTE_H_
#define WEFT_EXAMPLES_INSPECT_TAP_ROUTE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "weft/core/http/http_request_body.h"
#include "weft/transport/tls_context.h"

namespace examples {

// A server.
struct TapTarget {
  std::string host{};
  uint16_t port = 80;
  std::shared_ptr<weft::TlsContext> tls{};  // null: without TLS

  std::string url() const;  // "wss://example.com"
};

// A tap runs on a developer's machine, where every page in the browser can reach it. It connects
// only to the servers that its user has named, so no page can reach others through it. A request
// with an Origin must be of a page of this machine, of the tap, of the target, or of an origin that
// the user has named: pages of other sites get 403. A name that an attacker's name service resolves
// to this machine gets 421.
struct TapRules {
  std::vector<TapTarget> targets{};  // at least one; the first is for requests that name none

  std::vector<std::string> allowed_origins{};  // as ServerHttp::allowed_origins
  std::vector<std::string> allowed_hosts{};    // as ServerHttp::allowed_hosts
  bool on_loopback = true;                     // the tap listens on a loopback address
};

struct TapRoute {
  const TapTarget* target = nullptr;  // one of the rules' targets
  std::string head{};                 // the request for it
  std::string change{};               // what is not as the client has sent it; empty: nothing

  // The only bytes that may follow the head. Null: any may.
  std::optional<weft::HttpRequestBody> body{};
};

// The route of a request's head, with its empty line. "GET /?to=wss://example.com/chat", which asks
// for a WebSocket, goes to that target: the request line and the Host then name it as they would
// without the tap, and the cookies, which are for the tap's host, are left out unless it is the
// same host. All else is unchanged, and so are all WebSockets of the first target, and all that is
// not HTTP.
//
// A request for anything else than a WebSocket is the last of its connection, and says so to the
// server ("Connection: close"): browsers send requests of all pages on one connection, and only
// this one has been checked. A malformed head goes to the first target if no page of another site
// can have sent it. Errors are those of HttpError, and are for the client and for the user to read.
absl::StatusOr<TapRoute> RouteOf(absl::string_view head, const TapRules& rules);

}  // namespace examples

#endif  // WEFT_EXAMPLES_INSPECT_TAP_ROUTE_H_
