// The opening handshake of both sides, from text to text (RFC 6455, section 4).

#ifndef WEFT_CORE_HANDSHAKE_HANDSHAKE_H_
#define WEFT_CORE_HANDSHAKE_HANDSHAKE_H_

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "weft/core/handshake/extension_header.h"
#include "weft/core/http/http.h"
#include "weft/core/http/url.h"

namespace weft {

// Headers that an application adds to those of the handshake. The headers that the handshake sets
// itself are not allowed: Host, Connection, Upgrade, Origin, Content-Length, Transfer-Encoding and
// all that begin with Sec-WebSocket-.
using ExtraHeaders = absl::Span<const std::pair<std::string, std::string>>;

// ---- Server
//
//   absl::StatusOr<HttpRequest> http = ParseHttpRequest(head);
//   absl::StatusOr<UpgradeRequest> request = ParseUpgradeRequest(*http);
//   if (!request.ok()) return Send(RejectResponse(request.status()));
//   absl::StatusOr<std::string> response = AcceptResponse(*request, "");
//   Send(*response);      // the bytes received after the head are the first frames

// A client's request. The views point into the head of the request.
struct UpgradeRequest {
  std::string target;      // path and query, as sent; begins with '/'
  absl::string_view host;  // host[:port]: RequestTarget in core/http/request_target.h
  // the page's, if a browser sent the request: core/http/origin.h
  std::optional<absl::string_view> origin;
  absl::string_view key;
  absl::InlinedVector<absl::string_view, 4> subprotocols;  // offered, in order of preference
  ExtensionList extensions;                                // offered, in order of preference
  HttpHeaders headers;                                     // all of them

  // `target` before and after the '?', not decoded.
  absl::string_view path() const { return absl::string_view(target).substr(0, target.find('?')); }
  absl::string_view query() const;

  // Parts of the request by name, or none if the request does not have one: see QueryParameter() in
  // core/http/query.h, CookieValue() in cookie.h, BearerToken() in bearer_auth.h.
  std::optional<std::string> query(absl::string_view name) const;
  std::optional<absl::string_view> cookie(absl::string_view name) const;
  std::optional<absl::string_view> bearer_token() const;
};

// Checks a request against section 4.2.1. Errors have a message for the client and a status by
// HttpStatusOf: 405 if it is not a GET, 505 for HTTP/1.0, 426 if it is not an upgrade to a
// WebSocket or to a version of it other than 13, 400 for the rest: a header that is missing,
// repeated or invalid, or announces a body.
absl::StatusOr<UpgradeRequest> ParseUpgradeRequest(const HttpRequest& http);

// The 101 response, which opens the connection (section 4.2.2). `subprotocol` is one that the
// client offered, or empty for none; `extensions` are those accepted among the offered ones
// (AcceptDeflate in core/deflate/permessage_deflate.h), or empty. InvalidArgument, which is the
// caller's error, for another subprotocol and for headers that cannot be sent.
absl::StatusOr<std::string> AcceptResponse(const UpgradeRequest& request,
                                           absl::string_view subprotocol, ExtraHeaders extra = {},
                                           absl::string_view extensions = "");

// The response that refuses a request, after which the connection must be closed: `error`'s
// HttpStatusOf, the headers that belong to it (405: Allow, 426: Upgrade and Sec-WebSocket-Version,
// 429 and 503: Retry-After of kRetryAfterSeconds) and its message as the body. For the `method`
// HEAD the body is omitted, and only its length sent (RFC 9110, section 9.3.2). Content-Type, Allow
// and Retry-After in `extra` replace those. If TryRejectResponse would fail, this is a plain 500.
std::string RejectResponse(const absl::Status& error, ExtraHeaders extra = {},
                           absl::string_view method = "GET");

// The same, but InvalidArgument if `extra` cannot be sent, or the status is not that of an error
// with a body: 300 to 599, except 304.
absl::StatusOr<std::string> TryRejectResponse(const absl::Status& error, ExtraHeaders extra,
                                              absl::string_view method);

// ---- Client
//
//   const std::string key = RandomKey();                // core/handshake/accept_key.h
//   absl::StatusOr<std::string> text = RequestText(*ParseUrl("ws://example.com/chat"), key, {});
//   Send(*text);
//   absl::StatusOr<HttpResponse> http = ParseHttpResponse(head);
//   absl::StatusOr<std::string> subprotocol = CheckUpgradeResponse(*http, key, {});

// The options of a client's request, besides the URL.
struct UpgradeOffer {
  std::vector<std::string> subprotocols{};  // in order of preference
  std::string origin{};                     // as a browser would send it; empty: not sent
  std::vector<std::pair<std::string, std::string>> headers{};  // ExtraHeaders
  std::string extensions{};  // DeflateOffer in core/deflate/permessage_deflate.h; empty: none
};

// The request for the WebSocket at `url` (section 4.1). InvalidArgument for input that cannot be
// sent: a subprotocol that is not a token or is repeated, a header that contains a line end.
absl::StatusOr<std::string> RequestText(const Url& url, absl::string_view key,
                                        const UpgradeOffer& offer);

// Checks the server's response against section 4.1 and returns the subprotocol that it chose among
// those `offered`, empty for none. An error says what was seen. If the server answered with valid
// HTTP other than 101, HttpStatusOf of the error is its status. `extensions` receives those that
// the server chose, as views into the head, for the caller to check (CheckDeflateResponse); null if
// none were offered.
absl::StatusOr<std::string> CheckUpgradeResponse(const HttpResponse& http, absl::string_view key,
                                                 absl::Span<const std::string> offered,
                                                 ExtensionList* extensions = nullptr);

}  // namespace weft

#endif  // WEFT_CORE_HANDSHAKE_HANDSHAKE_H_
