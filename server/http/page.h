// Responses to requests that are not an upgrade.

#ifndef WEFT_SERVER_HTTP_PAGE_H_
#define WEFT_SERVER_HTTP_PAGE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "weft/core/http/http.h"
#include "weft/core/http/http_status.h"  // IWYU pragma: export
#include "weft/cxx20.h"
#include "weft/server/http/late_answer.h"
#include "weft/server/http/path_pattern.h"
#include "weft/transport/address.h"
#include "weft/transport/fd.h"
#include "weft/transport/peer_certificate.h"

namespace weft {

class RunningServer;  // server/running_server.h
struct PageResponse;
class PageAnswer;

// A request and its body. Views, valid until the call that receives it returns.
struct PageRequest : HttpRequest {
  // host[:port], as sent; of the URL if the target is a whole one. Empty only if a request of
  // HTTP/1.0 names no host.
  absl::string_view host{};

  absl::string_view body{};      // complete, at most ServerHttp::max_body_bytes
  absl::string_view subpath{};   // the path after the route's prefix (Router), without the '/'
  SocketAddress peer_address{};  // these three are like SessionRequest's
  SocketAddress proxy_address{};
  absl::string_view scheme = "http";
  std::optional<PeerCertificate> peer_certificate{};  // like SessionRequest's
  RunningServer* server = nullptr;                    // not null when the server calls a page

  // The named segments of the path: those of the pattern in a Router.
  PathParameters path_parameters{};

  internal::RequestContext<absl::StatusOr<PageResponse>>* context = nullptr;  // for AnswerLater()

  // The page answers later, and the result of its function is ignored. Call it once, and only
  // before the function returns.
  PageAnswer AnswerLater() const;

  // `target`, which begins with '/', or is "*" with OPTIONS, before and after the '?', not decoded.
  // For a whole URL it is the path and the query.
  absl::string_view path() const;
  absl::string_view query() const;

  // Parts of the request by name, or none if the request does not have one: see PathPattern for
  // path(), QueryParameter() in core/http/query.h, CookieValue() in cookie.h, BearerToken() in
  // bearer_auth.h.
  std::optional<absl::string_view> path(absl::string_view name) const;
  std::optional<std::string> query(absl::string_view name) const;
  std::optional<absl::string_view> cookie(absl::string_view name) const;
  std::optional<absl::string_view> bearer_token() const;
};

// The response.
struct PageResponse {
  int status = 200;  // 200 to 599

  // Header fields. The server itself sets Content-Length, Transfer-Encoding, Connection,
  // Keep-Alive, Upgrade and Date: if one of these is here the client gets 500.
  std::vector<std::pair<std::string, std::string>> headers{};

  std::string body{};

  // Instead of `body`: this number of bytes from the start of the file, read as the client takes
  // them, 64 KiB at a time. If the file is shorter by then, the connection is closed.
  UniqueFd file{};
  uint64_t file_bytes = 0;
};

// The answer that a page gives later, from any thread: PageRequest::AnswerLater(). Copies are the
// same answer. If the last copy is destroyed before an answer was given, the client gets 500; after
// ServerTimeouts::http without an answer, or when the server goes away, 503. The connection takes
// its next request when this one is answered. May outlive the server. Thread-safe.
//
//   [&](const PageRequest& request) -> absl::StatusOr<PageResponse> {
//     database.Find(std::string(request.path()), [answer = request.AnswerLater()](Row row) {
//       answer.Give(Page("text/plain", row.text));
//     });
//     return PageResponse();  // is ignored
//   }
class PageAnswer {
 public:
  // The first answer counts.
  void Give(absl::StatusOr<PageResponse> answer) const;

  // Whether the client still waits for it.
  bool waits() const;

 private:
  friend struct PageRequest;
  using Giver = internal::AnswerGiver<absl::StatusOr<PageResponse>>;

  explicit PageAnswer(std::shared_ptr<Giver> giver) : giver_(std::move(giver)) {}

  std::shared_ptr<Giver> giver_;
};

// 200 with a body of this type, such as "text/html; charset=utf-8".
PageResponse Page(absl::string_view content_type, std::string body);

// Whether the client already has this version: its If-None-Match names `etag`, including its
// quotes, or any (RFC 9110, section 13.1.2). The response is then 304.
bool ClientHas(const HttpRequest& request, absl::string_view etag);

// Answers a request. A Status becomes a response with its message, and the HTTP status of its code
// or of HttpError. HEAD is answered like GET, and the server omits the body. Called on every loop's
// thread, so it must be thread-safe and must not block: one that must wait uses
// PageRequest::AnswerLater(), OnHandlerThreads() or coro::Answer().
//
//   ServerOptions options = {.port = 8080};
//   options.http.pages = [](const PageRequest& request) -> absl::StatusOr<PageResponse> {
//     if (request.path() != "/") return absl::NotFoundError("there is only /");
//     return Page("text/html; charset=utf-8", "<h1>Hello</h1>");
//   };
using Pages = std::function<absl::StatusOr<PageResponse>(const PageRequest&)>;

// ---- For the server ----

// The response to the client for an error: its message as text, for 405 an Allow of GET and HEAD,
// and for 429 and 503 a Retry-After.
PageResponse ErrorPage(const absl::Status& error);

// The head of the response to `request` at the time `now`. Afterwards the connection waits for
// another request for the time `keep`, whose whole seconds are announced unless it is infinite; 0:
// it is closed. InvalidArgument for a page that cannot be sent.
absl::StatusOr<std::string> WritePageHead(const PageResponse& page, const HttpRequest& request,
                                          absl::Duration keep, absl::Time now);

// Whether a response with this status has a body (RFC 9110, sections 15.3.5 and 15.4.5).
bool MayHaveBody(int status);

// Whether the client wants to keep the connection after this request (RFC 9112, section 9.3).
bool WantsToStay(const HttpRequest& request);

}  // namespace weft

#endif  // WEFT_SERVER_HTTP_PAGE_H_
