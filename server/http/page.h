// What a server answers to requests that are no upgrade.

#ifndef WEFT_SERVER_HTTP_PAGE_H_
#define WEFT_SERVER_HTTP_PAGE_H_

#include <cstdint>
#include <functional>
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
#include "weft/server/metrics/metrics.h"
#include "weft/transport/address.h"
#include "weft/transport/fd.h"
#include "weft/transport/peer_certificate.h"

namespace weft {

// The server, as a page may look at it. Thread-safe.
class ServerStatus {
 public:
  virtual ~ServerStatus() = default;
  virtual ServerMetrics metrics() const = 0;

  // Whether it goes away soon: a load balancer should send nobody here any more.
  virtual bool draining() const = 0;
};

// A request and its body. Views, dead when the call that gets it returns.
struct PageRequest : HttpRequest {
  // host[:port], as sent; of the URL where the request has a whole one. Empty only where a request
  // of HTTP/1.0 names no host.
  absl::string_view host{};

  absl::string_view body{};     // whole, at most ServerOptions::max_http_body_bytes
  absl::string_view subpath{};  // the path behind what the route says (Router), without the '/'
  SocketAddress peer_address{};
  std::optional<PeerCertificate> peer_certificate{};  // as SessionRequest's
  const ServerStatus* server = nullptr;

  // `target`, which begins with '/', or is "*" with OPTIONS, up to the '?' and behind it, nothing
  // decoded. Of a whole URL it is the path and the query.
  absl::string_view path() const;
  absl::string_view query() const;
};

// The answer.
struct PageResponse {
  int status = 200;  // 200 to 599

  // Header fields. The server itself says Content-Length, Transfer-Encoding, Connection,
  // Keep-Alive, Upgrade and Date: with one of these here the client gets 500.
  std::vector<std::pair<std::string, std::string>> headers{};

  std::string body{};

  // Instead of `body`: so many bytes from the start of the file, which are read as the client takes
  // them, 64 KiB at a time. If there are fewer by then the connection is closed.
  UniqueFd file{};
  uint64_t file_bytes = 0;
};

// 200 with a body of this type, such as "text/html; charset=utf-8".
PageResponse Page(absl::string_view content_type, std::string body);

// Whether the client has this version of what it asks for, and need not be sent it: its
// If-None-Match names `etag`, quotes and all, or any (RFC 9110, section 13.1.2). The answer is 304.
bool ClientHas(const HttpRequest& request, absl::string_view etag);

// Answers a request. A Status becomes an answer with its text, by its code or as HttpError says.
// HEAD is answered like GET, and the server leaves the body away. Called on every loop's thread, so
// it must be thread-safe, and must not block.
//
//   ServerOptions options = {.port = 8080};
//   options.http = [](const PageRequest& request) -> absl::StatusOr<PageResponse> {
//     if (request.path() != "/") return absl::NotFoundError("there is only /");
//     return Page("text/html; charset=utf-8", "<h1>Hello</h1>");
//   };
using Pages = std::function<absl::StatusOr<PageResponse>(const PageRequest&)>;

// ---- For the server ----

// What the client gets for an error: its message as text, for 405 an Allow of GET and HEAD, and for
// 429 and 503 a Retry-After.
PageResponse ErrorPage(const absl::Status& error);

// The head of the answer to `request` at the time `now`. After it the connection waits for another
// request as long as `keep`, of which whole seconds are said unless it is infinite; 0: it is
// closed. InvalidArgument for what cannot be sent.
absl::StatusOr<std::string> WritePageHead(const PageResponse& page, const HttpRequest& request,
                                          absl::Duration keep, absl::Time now);

// Whether an answer with this status has a body (RFC 9110, sections 15.3.5 and 15.4.5).
bool MayHaveBody(int status);

// Whether the client wants to go on after this request (RFC 9112, section 9.3).
bool WantsToStay(const HttpRequest& request);

}  // namespace weft

#endif  // WEFT_SERVER_HTTP_PAGE_H_
