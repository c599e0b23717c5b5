// The application's decision about an upgrade request.

#ifndef WEFT_SERVER_ACCEPTOR_H_
#define WEFT_SERVER_ACCEPTOR_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "weft/core/handshake/handshake.h"
#include "weft/server/handler.h"
#include "weft/server/running_server.h"
#include "weft/transport/address.h"
#include "weft/transport/peer_certificate.h"

namespace weft {

// An upgrade request, and the peer that sent it.
struct SessionRequest : UpgradeRequest {
  SocketAddress peer_address;

  // The certificate that a TLS client showed, verified. None if the endpoint asks for none
  // (TlsServerOptions::client_certificates), or the client has none.
  std::optional<PeerCertificate> peer_certificate;

  // The server that received it. Never null in a call of the server.
  RunningServer* server = nullptr;
};

// The parts of the answer that the application chooses.
struct UpgradeResponse {
  // One of UpgradeRequest's subprotocols, or empty for none.
  std::string subprotocol;

  // More header fields, such as Set-Cookie. They are sent with a refusal as well: a 401 must have
  // WWW-Authenticate (RFC 9110, section 15.5.2), a 302 has Location. Of a refusal, Content-Type,
  // Allow and Retry-After replace those that the server would send. With one that the handshake
  // sets itself (ExtraHeaders in core/handshake/handshake.h) the client gets 500.
  std::vector<std::pair<std::string, std::string>> headers;

  // Keeps the request, with its headers and the peer's certificate, until the session has ended:
  // Session::request(). That takes the size of the request's head and about 2 KiB, which count in
  // ServerLimits::max_buffered_bytes. Of a refusal it is ignored.
  bool keep_request = false;
};

// Makes the handler of a new session, or refuses the request: a Status becomes an HTTP answer with
// its text, by its code (PermissionDenied: 403, NotFound: 404, ...) or as HttpError says, which may
// be 300 to 599 without 304; the client gets 500 instead of another. Called on
// every loop's thread, so it must be thread-safe, and must not block, whatever
// ServerOptions::handler_threads is. The request is valid until the call returns, and with
// UpgradeResponse::keep_request by Session::request() until the session has ended.
//
//   [](const SessionRequest& request, UpgradeResponse&) -> absl::StatusOr<std::unique_ptr<Handler>>
//   {
//     if (request.path() != "/chat") return absl::NotFoundError("try /chat");
//     return std::make_unique<ChatHandler>();
//   }
using Acceptor = std::function<absl::StatusOr<std::unique_ptr<Handler>>(const SessionRequest&,
                                                                        UpgradeResponse&)>;

}  // namespace weft

#endif  // WEFT_SERVER_ACCEPTOR_H_
