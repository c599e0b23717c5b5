#include "weft/core/handshake/handshake.h"

#include <algorithm>
#include <cstddef>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "weft/core/handshake/accept_key.h"
#include "weft/core/http/bearer_auth.h"
#include "weft/core/http/cookie.h"
#include "weft/core/http/http_status.h"
#include "weft/core/http/query.h"
#include "weft/core/http/quote.h"
#include "weft/core/http/request_target.h"

namespace weft {
namespace {

constexpr absl::string_view kVersion = "13";
constexpr absl::string_view kExtensions = "Sec-WebSocket-Extensions";

// Enough for a 101 response with a subprotocol and an extension.
constexpr size_t kUsualResponseSize = 256;

using HeaderList = absl::InlinedVector<HttpHeader, 12>;

// The value of a header that may appear at most once in a head.
absl::StatusOr<std::optional<absl::string_view>> FindSingle(const HttpHeaders& headers,
                                                            absl::string_view name) {
  if (headers.Count(name) > 1) {
    return absl::InvalidArgumentError(absl::StrCat("the header ", name, " appears more than once"));
  }
  return headers.Find(name);
}

// The value of a header that must appear exactly once in a head.
absl::StatusOr<absl::string_view> FindRequired(const HttpHeaders& headers, absl::string_view name) {
  const absl::StatusOr<std::optional<absl::string_view>> value = FindSingle(headers, name);
  if (!value.ok()) return value.status();
  if (!value->has_value()) {
    return absl::InvalidArgumentError(absl::StrCat("the header ", name, " is missing"));
  }
  return **value;
}

// "Connection: close" for messages about a header with a wrong value.
std::string Shown(const HttpHeaders& headers, absl::string_view name) {
  const std::optional<absl::string_view> value = headers.Find(name);
  return value.has_value() ? absl::StrCat(name, ": ", Quote(*value))
                           : absl::StrCat("no header ", name);
}

absl::Status CheckNoneTwice(absl::Span<const absl::string_view> subprotocols) {
  if (subprotocols.size() < 2) return absl::OkStatus();
  absl::flat_hash_set<absl::string_view> seen;
  for (const absl::string_view subprotocol : subprotocols) {
    if (!seen.insert(subprotocol).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("the subprotocol ", Quote(subprotocol), " is offered more than once"));
    }
  }
  return absl::OkStatus();
}

// Headers that an application must not add.
bool IsSetByHandshake(absl::string_view name) {
  if (absl::StartsWithIgnoreCase(name, "Sec-WebSocket-")) return true;
  for (const absl::string_view own :
       {"Host", "Connection", "Upgrade", "Origin", "Content-Length", "Transfer-Encoding"}) {
    if (absl::EqualsIgnoreCase(name, own)) return true;
  }
  return false;
}

absl::Status AddExtra(ExtraHeaders extra, HeaderList* headers) {
  for (const auto& [name, value] : extra) {
    if (IsSetByHandshake(name)) {
      return absl::InvalidArgumentError(
          absl::StrCat("the header ", Quote(name), " is set by the handshake and cannot be added"));
    }
    headers->push_back({name, value});
  }
  return absl::OkStatus();
}

// ---- Server ----

// The target and the authority of a request.
absl::Status CheckTarget(const HttpRequest& http, UpgradeRequest* request) {
  absl::StatusOr<RequestTarget> target = ParseRequestTarget(http);
  if (!target.ok()) return target.status();
  request->host = target->host;
  request->target = std::move(target->path);

  // The bytes after the head are frames; a body would be read as frames.
  if (http.headers.Count("Transfer-Encoding") != 0) {
    return absl::InvalidArgumentError(
        "an upgrade request has no body, but this one has Transfer-Encoding");
  }
  const auto length = FindSingle(http.headers, "Content-Length");
  if (!length.ok()) return length.status();
  if (length->has_value() && **length != "0") {
    return absl::InvalidArgumentError(absl::StrCat(
        "an upgrade request has no body, but this one has ", "Content-Length: ", Quote(**length)));
  }
  return absl::OkStatus();
}

// Section 4.2.1, items 3 to 6.
absl::Status CheckUpgrade(const HttpRequest& http, UpgradeRequest* request) {
  if (!http.headers.HasToken("Upgrade", "websocket")) {
    return HttpError(426, "this is a WebSocket: connect with a ws:// or wss:// URL");
  }
  if (!http.headers.HasToken("Connection", "upgrade")) {
    return absl::InvalidArgumentError(
        absl::StrCat("an upgrade needs Connection: Upgrade, but the request has ",
                     Shown(http.headers, "Connection")));
  }
  const absl::StatusOr<absl::string_view> version =
      FindRequired(http.headers, "Sec-WebSocket-Version");
  if (!version.ok()) return version.status();
  if (*version != kVersion) {
    return HttpError(426, absl::StrCat("this server speaks Sec-WebSocket-Version ", kVersion,
                                       ", not ", Quote(*version)));
  }
  const absl::StatusOr<absl::string_view> key = FindRequired(http.headers, "Sec-WebSocket-Key");
  if (!key.ok()) return key.status();
  if (!IsKey(*key)) {
    return absl::InvalidArgumentError(
        absl::StrCat("Sec-WebSocket-Key ", Quote(*key), " is not the base64 of 16 bytes"));
  }
  request->key = *key;
  return absl::OkStatus();
}

// Appends what one Sec-WebSocket-Protocol header lists.
absl::Status ParseSubprotocols(absl::string_view value, UpgradeRequest* request) {
  const size_t before = request->subprotocols.size();
  for (absl::string_view element : absl::StrSplit(value, ',')) {
    element = absl::StripAsciiWhitespace(element);
    if (element.empty()) continue;  // RFC 9110, section 5.6.1.2
    if (!IsHttpToken(element)) {
      return absl::InvalidArgumentError(
          absl::StrCat("in Sec-WebSocket-Protocol ", Quote(element), " is not a token"));
    }
    request->subprotocols.push_back(element);
  }
  if (request->subprotocols.size() > before) return absl::OkStatus();
  return absl::InvalidArgumentError("Sec-WebSocket-Protocol is empty");
}

// Section 4.2.1, items 7 to 10.
absl::Status ParseOffers(const HttpHeaders& headers, UpgradeRequest* request) {
  const auto origin = FindSingle(headers, "Origin");
  if (!origin.ok()) return origin.status();
  request->origin = *origin;
  for (const HttpHeader& header : headers) {
    absl::Status status;
    if (header.IsNamed("Sec-WebSocket-Protocol")) {
      status = ParseSubprotocols(header.value, request);
    } else if (header.IsNamed(kExtensions)) {
      status = ParseExtensions(header.value, &request->extensions);
    }
    if (!status.ok()) return status;
  }
  return CheckNoneTwice(request->subprotocols);
}

// ---- Client ----

// Section 4.1, items 1 to 4 of the client's checks.
absl::Status CheckSwitched(const HttpResponse& http, absl::string_view key) {
  if (http.status != 101) {
    const absl::string_view reason = HttpReason(http.status);
    return HttpError(http.status, absl::StrCat("the server answered HTTP ", http.status,
                                               reason.empty() ? "" : " ", reason,
                                               " instead of 101 Switching Protocols"));
  }
  if (http.version < 11) {
    return absl::InvalidArgumentError("the server answered in HTTP/1.0, which has no upgrade");
  }
  const absl::StatusOr<absl::string_view> upgrade = FindRequired(http.headers, "Upgrade");
  if (!upgrade.ok()) return upgrade.status();
  if (!absl::EqualsIgnoreCase(*upgrade, "websocket") ||
      !http.headers.HasToken("Connection", "upgrade")) {
    return absl::InvalidArgumentError(
        absl::StrCat("the server did not switch to WebSocket: its response has ",
                     Shown(http.headers, "Upgrade"), " and ", Shown(http.headers, "Connection")));
  }
  const absl::StatusOr<absl::string_view> accept =
      FindRequired(http.headers, "Sec-WebSocket-Accept");
  if (!accept.ok()) return accept.status();
  if (const std::string expected = AcceptKey(key); *accept != expected) {
    return absl::InvalidArgumentError(absl::StrCat("the server's Sec-WebSocket-Accept is ",
                                                   Quote(*accept), ", but must be ", expected));
  }
  return absl::OkStatus();
}

}  // namespace

absl::string_view UpgradeRequest::query() const {
  const absl::string_view text = target;
  return text.substr(std::min(text.find('?'), text.size() - 1) + 1);
}

std::optional<std::string> UpgradeRequest::query(absl::string_view name) const {
  return QueryParameter(query(), name);
}

std::optional<absl::string_view> UpgradeRequest::cookie(absl::string_view name) const {
  return CookieValue(headers, name);
}

std::optional<absl::string_view> UpgradeRequest::bearer_token() const {
  return BearerToken(headers);
}

absl::StatusOr<UpgradeRequest> ParseUpgradeRequest(const HttpRequest& http) {
  if (http.method != "GET") {
    return HttpError(405, absl::StrCat("only GET is allowed here, not ", Quote(http.method)));
  }
  if (http.version < 11) return HttpError(505, "HTTP/1.0 has no upgrade: use HTTP/1.1");
  UpgradeRequest request;
  if (absl::Status status = CheckTarget(http, &request); !status.ok()) return status;
  if (absl::Status status = CheckUpgrade(http, &request); !status.ok()) return status;
  if (absl::Status status = ParseOffers(http.headers, &request); !status.ok()) return status;
  request.headers = http.headers;
  return request;
}

absl::StatusOr<std::string> AcceptResponse(const UpgradeRequest& request,
                                           absl::string_view subprotocol, ExtraHeaders extra,
                                           absl::string_view extensions) {
  HeaderList headers;  // those that not every answer has
  if (!subprotocol.empty()) {
    const auto& offered = request.subprotocols;
    if (std::find(offered.begin(), offered.end(), subprotocol) == offered.end()) {
      return absl::InvalidArgumentError(
          absl::StrCat("the client did not offer the subprotocol ", Quote(subprotocol)));
    }
    headers.push_back({"Sec-WebSocket-Protocol", subprotocol});
  }
  if (!extensions.empty()) headers.push_back({kExtensions, extensions});
  if (absl::Status status = AddExtra(extra, &headers); !status.ok()) return status;

  // The rest is the same for all, and is not checked: WriteHttpResponse takes 2,100 instructions.
  std::string response;
  response.reserve(kUsualResponseSize);
  response.append(
      "HTTP/1.1 101 Switching Protocols\r\n"
      "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ");
  AppendAcceptKey(request.key, &response);
  response.append("\r\n");
  if (absl::Status status = AppendHttpHeaders(headers, &response); !status.ok()) return status;
  response.append("\r\n");
  return response;
}

absl::StatusOr<std::string> TryRejectResponse(const absl::Status& error, ExtraHeaders extra,
                                              absl::string_view method) {
  const int http_status = HttpStatusOf(error);
  if (http_status < 300 || http_status > 599 || http_status == 304) {
    return absl::InvalidArgumentError(
        absl::StrCat("the HTTP status of an error is 300 to 599, except 304, not ", http_status));
  }
  const std::string body = absl::StrCat(error.message(), "\n");
  const std::string length = absl::StrCat(body.size());
  const std::string retry_after = absl::StrCat(kRetryAfterSeconds);
  HeaderList headers = {{"Connection", http_status == 426 ? "close, Upgrade" : "close"}};
  const auto add_default = [&](absl::string_view name, absl::string_view value) {
    const bool replaced = std::any_of(extra.begin(), extra.end(), [name](const auto& header) {
      return absl::EqualsIgnoreCase(header.first, name);
    });
    if (!replaced) headers.push_back({name, value});
  };
  add_default("Content-Type", "text/plain; charset=utf-8");
  headers.push_back({"Content-Length", length});
  if (http_status == 405) add_default("Allow", "GET");
  if (http_status == 426) {  // RFC 9110, section 15.5.22; RFC 6455, section 4.2.2, item 4
    headers.push_back({"Upgrade", "websocket"});
    headers.push_back({"Sec-WebSocket-Version", kVersion});
  }
  if (http_status == 429 || http_status == 503) add_default("Retry-After", retry_after);
  if (absl::Status status = AddExtra(extra, &headers); !status.ok()) return status;
  absl::StatusOr<std::string> response = WriteHttpResponse(http_status, headers);
  if (response.ok() && method != "HEAD") absl::StrAppend(&*response, body);
  return response;
}

std::string RejectResponse(const absl::Status& error, ExtraHeaders extra,
                           absl::string_view method) {
  absl::StatusOr<std::string> response = TryRejectResponse(error, extra, method);
  if (response.ok()) return *std::move(response);
  return RejectResponse(absl::InternalError("the server's own answer could not be sent"), {},
                        method);
}

absl::StatusOr<std::string> RequestText(const Url& url, absl::string_view key,
                                        const UpgradeOffer& offer) {
  if (!IsKey(key)) {
    return absl::InvalidArgumentError(absl::StrCat(Quote(key), " is not a Sec-WebSocket-Key"));
  }
  for (const absl::string_view subprotocol : offer.subprotocols) {
    if (!IsHttpToken(subprotocol)) {
      return absl::InvalidArgumentError(
          absl::StrCat("the subprotocol ", Quote(subprotocol), " is not a token"));
    }
  }
  const std::vector<absl::string_view> subprotocols(offer.subprotocols.begin(),
                                                    offer.subprotocols.end());
  if (absl::Status status = CheckNoneTwice(subprotocols); !status.ok()) return status;

  const std::string host = HostHeader(url);
  const std::string protocol_list = absl::StrJoin(subprotocols, ", ");
  HeaderList headers = {{"Host", host},
                        {"Upgrade", "websocket"},
                        {"Connection", "Upgrade"},
                        {"Sec-WebSocket-Key", key},
                        {"Sec-WebSocket-Version", kVersion}};
  if (!offer.origin.empty()) headers.push_back({"Origin", offer.origin});
  if (!protocol_list.empty()) headers.push_back({"Sec-WebSocket-Protocol", protocol_list});
  if (!offer.extensions.empty()) headers.push_back({kExtensions, offer.extensions});
  if (absl::Status status = AddExtra(offer.headers, &headers); !status.ok()) return status;
  return WriteHttpRequest("GET", url.resource, headers);
}

absl::StatusOr<std::string> CheckUpgradeResponse(const HttpResponse& http, absl::string_view key,
                                                 absl::Span<const std::string> offered,
                                                 ExtensionList* extensions) {
  if (absl::Status status = CheckSwitched(http, key); !status.ok()) return status;
  // Unlike in a request, it may appear only once (section 11.3.2).
  const auto chosen = FindSingle(http.headers, kExtensions);
  if (!chosen.ok()) return chosen.status();
  if (chosen->has_value()) {
    if (extensions == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat("the server chose an extension, but none was offered: ", Quote(**chosen)));
    }
    if (absl::Status status = ParseExtensions(**chosen, extensions); !status.ok()) return status;
  }
  const auto subprotocol = FindSingle(http.headers, "Sec-WebSocket-Protocol");
  if (!subprotocol.ok()) return subprotocol.status();
  if (!subprotocol->has_value()) return std::string();
  if (std::find(offered.begin(), offered.end(), **subprotocol) == offered.end()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the server chose the subprotocol ", Quote(**subprotocol), ", which was not offered"));
  }
  return std::string(**subprotocol);
}

}  // namespace weft
