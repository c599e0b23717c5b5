// The application's decision about an upgrade request.

#ifndef WEFT_SERVER_ACCEPTOR_H_
#define WEFT_SERVER_ACCEPTOR_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "weft/core/handshake/handshake.h"
#include "weft/core/http/http_status.h"
#include "weft/server/handler.h"
#include "weft/server/http/late_answer.h"
#include "weft/server/http/path_pattern.h"
#include "weft/server/running_server.h"
#include "weft/transport/address.h"
#include "weft/transport/peer_certificate.h"

namespace weft {

struct UpgradeDecision;
class UpgradeAnswer;

// An upgrade request, and the peer that sent it.
struct SessionRequest : UpgradeRequest {
  // The client. Behind proxies: the one that they name, if they are trusted (ServerProxies), with
  // port 0 if they do not say its port.
  SocketAddress peer_address;

  // The certificate that a TLS client showed, verified. None if the endpoint asks for none
  // (TlsServerOptions::client_certificates), or the client has none. Behind proxies that connect
  // with TLS: the certificate of the proxy.
  std::optional<PeerCertificate> peer_certificate;

  // The server that received the request. Not null when the server calls an acceptor.
  RunningServer* server = nullptr;

  // The trusted proxy that has passed the request on; no address if none did.
  SocketAddress proxy_address{};

  // "http" or "https", as the client connected to this server or to a trusted proxy that says it
  // (X-Forwarded-Proto). The PROXY protocol does not say it: "http" behind a proxy that ends TLS.
  absl::string_view scheme = "http";

  // The named segments of the path: those of the pattern in a Router.
  PathParameters path_parameters{};

  internal::RequestContext<UpgradeDecision>* context = nullptr;  // for AnswerLater()

  // The value of a named segment, valid as long as the request: of the path "/rooms/7" and the
  // pattern "/rooms/{id}", "7" is path("id"). None for another name, and without a Router.
  std::optional<absl::string_view> path(absl::string_view name) const {
    return PathParameter(path_parameters, name);
  }
  using UpgradeRequest::path;

  // The acceptor answers later, and its result is ignored. Call it once, and only before the
  // acceptor returns.
  UpgradeAnswer AnswerLater() const;
};

// The parts of the answer that the application chooses.
struct UpgradeResponse {
  // One of UpgradeRequest's subprotocols, or empty for none.
  std::string subprotocol{};

  // More header fields, such as Set-Cookie. They are sent with a refusal as well: a 401 must have
  // WWW-Authenticate (RFC 9110, section 15.5.2), a 302 has Location. Of a refusal, Content-Type,
  // Allow and Retry-After replace those that the server would send. A field that the handshake sets
  // itself (ExtraHeaders in core/handshake/handshake.h) must not be here: the client gets 500.
  std::vector<std::pair<std::string, std::string>> headers{};

  // Keeps the request, with its headers and the peer's certificate, until the session has ended:
  // Session::request(). That takes the size of the request's head and about 2 KiB, which count in
  // ServerLimits::max_buffered_bytes. Ignored if the request is refused.
  bool keep_request = false;
};

// The result of an acceptor.
struct UpgradeDecision {
  absl::StatusOr<std::unique_ptr<Handler>> handler;
  UpgradeResponse response{};
  PathParameters path_parameters{};  // of the request
};

// The answer that an acceptor gives later, from any thread: SessionRequest::AnswerLater(). Copies
// are the same answer, and the first one given counts. If the last copy is destroyed without one,
// the client gets 500; after ServerTimeouts::handshake without an answer, or when the server goes
// away, 503. An unused handler is destroyed by the thread that gave it, or by the loop's. May
// outlive the server. Thread-safe.
//
//   [&](const SessionRequest& request, UpgradeResponse&) {
//     const std::string user(request.cookie("session").value_or(""));
//     database.Check(user, [answer = request.AnswerLater()](bool valid) {
//       if (!valid) return answer.Refuse(absl::UnauthenticatedError("log in first"));
//       answer.Accept(std::make_unique<ChatHandler>());
//     });
//     return std::unique_ptr<Handler>();  // is ignored
//   }
class UpgradeAnswer {
 public:
  // As if the acceptor had returned `handler` or `why`.
  void Accept(std::unique_ptr<Handler> handler, UpgradeResponse response = {}) const {
    giver_->late().Give({std::move(handler), std::move(response)});
  }
  void Refuse(absl::Status why, UpgradeResponse response = {}) const {
    if (why.ok()) why = absl::InternalError("the acceptor refused with OK");
    giver_->late().Give({std::move(why), std::move(response)});
  }

  // Whether the client still waits for it.
  bool waits() const { return giver_->late().waits(); }

 private:
  friend struct SessionRequest;

  explicit UpgradeAnswer(std::shared_ptr<internal::AnswerGiver<UpgradeDecision>> giver)
      : giver_(std::move(giver)) {}

  std::shared_ptr<internal::AnswerGiver<UpgradeDecision>> giver_;
};

inline UpgradeAnswer SessionRequest::AnswerLater() const {
  return UpgradeAnswer(context->NewGiver());
}

namespace internal {

// The class of the handler that an acceptor with this result makes; void if it is not known.
template <typename Result>
struct HandlerIn {
  using Type = void;
};
template <typename H, typename Deleter>
struct HandlerIn<std::unique_ptr<H, Deleter>> {
  using Type = H;
};
template <typename Value>
struct HandlerIn<absl::StatusOr<Value>> : HandlerIn<Value> {};

template <typename Result>
constexpr bool CheckResult() {
  using H = typename HandlerIn<Result>::Type;
  constexpr bool is_handler = std::is_void_v<H> || std::is_convertible_v<H*, Handler*>;
  static_assert(is_handler,
                "weft: the handler that an acceptor returns must be derived publicly "
                "from weft::Handler");
  if constexpr (is_handler) {
    constexpr bool converts =
        std::is_convertible_v<Result, absl::StatusOr<std::unique_ptr<Handler>>>;
    static_assert(converts,
                  "weft: an acceptor must return a std::unique_ptr of a handler, an error "
                  "as an absl::Status, or an absl::StatusOr of both");
    if constexpr (!std::is_void_v<H>) CheckHandler<H>();
    return converts;
  }
  return false;
}

// Fails to compile with one readable error; std::function alone would print a page of them.
template <typename Function>
constexpr bool CheckAcceptor() {
  constexpr bool is_callable =
      std::is_invocable_v<Function&, const SessionRequest&, UpgradeResponse&>;
  static_assert(is_callable,
                "weft: an acceptor must be callable with (const weft::SessionRequest&, "
                "weft::UpgradeResponse&)");
  static_assert(std::is_copy_constructible_v<Function>,
                "weft: an acceptor must be copyable: put what is not into a std::shared_ptr");
  if constexpr (is_callable && std::is_copy_constructible_v<Function>) {
    return CheckResult<std::invoke_result_t<Function&, const SessionRequest&, UpgradeResponse&>>();
  }
  return false;
}

}  // namespace internal

// Makes the handler of a new session, or refuses the request: a Status becomes an HTTP answer with
// its text. The status of the answer is that of the code (PermissionDenied: 403, NotFound: 404,
// ...) or of HttpError, which may be 300 to 599 except 304; any other becomes 500. Called on every
// loop's thread, so it must be thread-safe, and must not block, whatever
// ServerOptions::handler_threads is: one that must wait uses SessionRequest::AnswerLater(),
// OnHandlerThreads() or coro::Accept(). The request is valid until the call returns; with
// UpgradeResponse::keep_request, Session::request() has a copy until the session has ended.
//
//   [](const SessionRequest& request, UpgradeResponse&) -> absl::StatusOr<std::unique_ptr<Handler>>
//   {
//     if (request.path() != "/chat") return absl::NotFoundError("try /chat");
//     return std::make_unique<ChatHandler>();
//   }
//
// An Acceptor is constructed from any such function. The function may also return a unique_ptr to a
// class that is derived from Handler, or only a Status. For any other function the compiler reports
// an error that begins with "weft:".
class Acceptor : public std::function<absl::StatusOr<std::unique_ptr<Handler>>(
                     const SessionRequest&, UpgradeResponse&)> {
 public:
  // Empty, which Server::Start refuses.
  Acceptor() = default;
  Acceptor(std::nullptr_t) {}  // NOLINT: implicit, as of a std::function

  template <typename Function,
            typename = std::enable_if_t<!std::is_same_v<std::decay_t<Function>, Acceptor>>>
  Acceptor(Function&& callable) {  // NOLINT: implicit, as of a std::function
    if constexpr (internal::CheckAcceptor<std::decay_t<Function>>()) {
      function::operator=(std::forward<Function>(callable));
    }
  }
};

}  // namespace weft

#endif  // WEFT_SERVER_ACCEPTOR_H_
