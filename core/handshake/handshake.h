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

// Headers that an application adds to those of the handshake. It may not add one that the handshake
// sets itself: Host, Connection, Upgrade, Origin, Content-Length, Transfer-Encoding and all that
// begin with Sec-WebSocket-.
using ExtraHeaders = absl::Span<const std::pair<std::string, std::string>>;

// ---- Server
//
//   absl::StatusOr<HttpRequest> http = ParseHttpRequest(head);
//   absl::StatusOr<UpgradeRequest> request = ParseUpgradeRequest(*http);
//   if (!request.ok()) return Send(RejectResponse(request.status()));
//   absl::StatusOr<std::string> response = AcceptResponse(*request, "");
//   Send(*response);      // what was received behind the head are the first frames

// What a client asks for. The views are into the head of the request.
struct UpgradeRequest {
  std::string target;      // path and query, as sent; begins with '/'
  absl::string_view host;  // host[:port]: RequestTarget in core/http/request_target.h
  std::optional<absl::string_view> origin;  // of the page, where a browser asks: core/http/origin.h
  absl::string_view key;
  absl::InlinedVector<absl::string_view, 4> subprotocols;  // offered, the most wanted first
  ExtensionList extensions;                                // offered, the most wanted first
  HttpHeaders headers;                                     // all of them

  // `target` up to the '?' and behind it, nothing decoded.
  absl::string_view path() const { return absl::string_view(target).substr(0, target.find('?')); }
  absl::string_view query() const;
};

// Checks a request by section 4.2.1. Errors tell the client, in words and by HttpStatusOf: 405 not
// a GET, 505 HTTP/1.0, 426 no upgrade to a WebSocket or another version of it than 13, 400 the
// rest: a header that must be there and is not, or is there twice, or makes no sense, or announces
// a body.
absl::StatusOr<UpgradeRequest> ParseUpgradeRequest(const HttpRequest& http);

// The 101 response, with which the connection is open (section 4.2.2). `subprotocol` is one that
// the client offered, or empty for none; `extensions` what was accepted of those it offered
// (AcceptDeflate in core/deflate/permessage_deflate.h), or empty. InvalidArgument, which the client
// did not cause, for another subprotocol and for headers that cannot be sent.
absl::StatusOr<std::string> AcceptResponse(const UpgradeRequest& request,
                                           absl::string_view subprotocol, ExtraHeaders extra = {},
                                           absl::string_view extensions = "");

// The response that refuses a request, after which the connection is to be closed: `error`'s
// HttpStatusOf, the headers that belong to it (405: Allow, 426: Upgrade and Sec-WebSocket-Version,
// 429 and 503: Retry-After of kRetryAfterSeconds) and its message as the body. To the `method` HEAD
// the body is left out, and only its length said (RFC 9110, section 9.3.2). Content-Type, Allow and
// Retry-After in `extra` replace those. Where it cannot be sent as TryRejectResponse says, a plain
// 500.
std::string RejectResponse(const absl::Status& error, ExtraHeaders extra = {},
                           absl::string_view method = "GET");

// The same, but InvalidArgument where `extra` cannot be sent, or the status is not that of an error
// with a body: 300 to 599, but not 304.
absl::StatusOr<std::string> TryRejectResponse(const absl::Status& error, ExtraHeaders extra,
                                              absl::string_view method);

// ---- Client
//
//   const std::string key = RandomKey();                // core/handshake/accept_key.h
//   absl::StatusOr<std::string> text = RequestText(*ParseUrl("ws://example.com/chat"), key, {});
//   Send(*text);
//   absl::StatusOr<HttpResponse> http = ParseHttpResponse(head);
//   absl::StatusOr<std::string> subprotocol = CheckUpgradeResponse(*http, key, {});

// What a client may ask for beside the URL.
struct UpgradeOffer {
  std::vector<std::string> subprotocols{};  // the most wanted first
  std::string origin{};                     // as a browser would say it; empty: not said
  std::vector<std::pair<std::string, std::string>> headers{};  // ExtraHeaders
  std::string extensions{};  // DeflateOffer in core/deflate/permessage_deflate.h; empty: none
};

// The request for the WebSocket at `url` (section 4.1). InvalidArgument for what cannot be sent: a
// subprotocol that is no token or is there twice, a header with a line's end in it.
absl::StatusOr<std::string> RequestText(const Url& url, absl::string_view key,
                                        const UpgradeOffer& offer);

// Checks the server's response by section 4.1 and returns the subprotocol that it chose among those
// `offered`, empty for none. An error says what was seen. When the server answered in proper HTTP,
// only not with 101, HttpStatusOf is what it answered. What extensions it chose is left to the
// caller (CheckDeflateResponse), views into the head; null where none were offered.
absl::StatusOr<std::string> CheckUpgradeResponse(const HttpResponse& http, absl::string_view key,
                                                 absl::Span<const std::string> offered,
                                                 ExtensionList* extensions = nullptr);

}  // namespace weft

#endif  // WEFT_CORE_HANDSHAKE_HANDSHAKE_H_
