#include "weft/server/http_connection.h"

#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "weft/core/handshake/handshake.h"
#include "weft/core/http/http_date.h"
#include "weft/core/http/http_request_body.h"
#include "weft/core/http/http_status.h"
#include "weft/core/http/quote.h"
#include "weft/core/log.h"
#include "weft/server/forwarding/advice.h"
#include "weft/server/forwarding/proxy_header.h"
#include "weft/server/http/host_check.h"
#include "weft/server/served_session.h"
#include "weft/server/upgrade.h"
#include "weft/transport/address.h"
#include "weft/transport/io.h"
#include "weft/transport/string_memory.h"

namespace weft {
namespace {

// The maximum number of bytes read at once, and so of those that wait while an answer is written.
constexpr size_t kReadBytes = 64 << 10;

// Whether a request begins with a TLS record of the kind "handshake" (RFC 8446, section 5.1).
bool LooksLikeTls(absl::string_view bytes) {
  return bytes.size() >= 2 && bytes[0] == 0x16 && bytes[1] == 0x03;
}

// Whether the bytes of a request have the method HEAD, even if the request is malformed or
// incomplete.
bool IsHead(absl::string_view request) {
  return absl::StartsWith(absl::StripPrefix(request, "\r\n"), "HEAD ");
}

// HTTP/1.0 has no upgrade (RFC 9110, section 7.8).
bool IsUpgrade(const HttpRequest& request) {
  return request.version >= 11 && request.headers.HasToken("Upgrade", "websocket");
}

}  // namespace

// A request whose body is incomplete.
struct HttpConnection::Unfinished {
  std::string head;
  HttpRequestBody body;
};

// A request that is answered later. That of an upgrade stays in in_, and is parsed again.
struct HttpConnection::Later {
  std::shared_ptr<LateUpgrade> upgrade{};  // one of the two
  PathParameters path_parameters{};        // of the upgrade
  std::shared_ptr<internal::LateAnswer<absl::StatusOr<PageResponse>>> page{};
  std::string head{};  // of the page's request
  bool given = false;
};

HttpConnection::HttpConnection(LoopContext& context, Stream stream, const SocketAddress& peer,
                               uint64_t id, Refusal refusal)
    : HttpConnection(context, {std::move(stream), peer, id, refusal}, /*believes_headers=*/true) {}

HttpConnection::HttpConnection(LoopContext& context, Client client, bool believes_headers)
    : ServedStream(context, std::move(client)),
      sender_(believes_headers ? peer_ : SocketAddress()),
      client_(peer_),
      scanner_(context.options().http.limits) {
  StartWait(Wait::kHead);
}

HttpConnection::~HttpConnection() = default;

void HttpConnection::ForgetLater() {
  const std::unique_ptr<Later> later = std::move(later_);
  if (later == nullptr) return;
  if (later->upgrade != nullptr) later->upgrade->Forget();
  if (later->page != nullptr) later->page->Forget();
}

// While an answer is to be given later, reading notices that the client leaves.
bool HttpConnection::reading() const {
  return output_.empty() && !closing_ && (later_ == nullptr || in_.size() < kReadBytes);
}

// ---- Events of the loop ----

void HttpConnection::OnReadable() {
  do {
    if (!holds_stream()) return;
    // Only an error is reported while the connection waits for room to write.
    if (!reading()) return Drop("the client is gone");
    ReadOnce();
  } while (more_ && reading());
}

void HttpConnection::ReadOnce() {
  const absl::Span<char> into = context_.pools().scratch().first(kReadBytes);
  const IoResult result = stream_.Read(into);
  more_ = result.more;
  context_.metrics().bytes_received += result.bytes;
  if (result.ok()) {
    const bool first = requests_ == 0 && in_.empty();
    if (request_bytes_ == 0) begun_ms_ = context_.loop().now_ms();
    request_bytes_ += result.bytes;
    in_.append(into.data(), result.bytes);
    if (first && LooksLikeTls(in_)) {
      Refuse(HandshakeFailure::kTls,
             HttpError(400,
                       "this port speaks HTTP without TLS: use http:// or ws://, not https:// or "
                       "wss://"));
    }
    Proceed();
  } else if (result.status == IoStatus::kWouldBlock) {
    if (!Account()) return;
    // TLS may have to write before it can read.
    SetInterest(Poller::kRead |
                (result.wanted == weft::Interest::kRead ? Poller::kNone : Poller::kWrite));
  } else if (stream_.peer_speaks_http()) {
    stream_.StopTls();
    Refuse(HandshakeFailure::kTls,
           HttpError(400,
                     "this port speaks HTTP over TLS only: use https:// or wss://, not http:// or "
                     "ws://"));
    Proceed();
  } else if (requests_ > 0) {
    Drop("");  // between requests, a close is normal
  } else if (result.status == IoStatus::kError) {
    Fail(result.error == EPROTO ? HandshakeFailure::kTls : HandshakeFailure::kLeft,
         "the handshake failed", stream_.Error(result).message());
  } else {
    Fail(HandshakeFailure::kLeft, "the client left during the handshake");
  }
}

void HttpConnection::OnWritable() {
  if (!holds_stream()) return;
  if (output_.empty()) return OnReadable();  // a read of TLS had to write first
  Proceed();
  if (holds_stream() && more_ && reading()) OnReadable();
}

void HttpConnection::GoAway(CloseCode code, absl::string_view /*reason*/) {
  // Its first request is still answered if nobody is refused.
  if (code == CloseCode::kServiceRestart && !context_.refuses_upgrades() && requests_ == 0) return;
  if (later_ != nullptr) {
    Refuse(HandshakeFailure::kDraining, HttpError(503, "the server is going away"));
    return Proceed();
  }
  if (unfinished_ == nullptr && output_.empty()) return Drop("the server is going away");
  // Otherwise the present answer is the last one: see Answer.
}

// ---- Requests ----

void HttpConnection::Continue(absl::string_view bytes, int64_t deadline_ms) {
  deadline_ms_ = deadline_ms;
  in_ = std::string(bytes);
  request_bytes_ = bytes.size();
  begun_ms_ = context_.loop().now_ms();
  Proceed();
}

void HttpConnection::RefuseProxy(absl::Status why) {
  Refuse(HandshakeFailure::kProxy, std::move(why));
  Proceed();
}

void HttpConnection::Proceed() {
  bool waits = false;  // for more of a request
  while (!waits && holds_stream()) {
    waits = closing_;
    while (!waits && !closing_ && !output_.full()) waits = !TakeRequest();
    if (!holds_stream() || !Write()) break;
  }
  if (holds_stream()) Settle();
}

bool HttpConnection::TakeRequest() {
  if (later_ != nullptr && !later_->given) return false;
  if (later_ != nullptr && later_->page != nullptr) return RespondLate();
  if (unfinished_ != nullptr) return TakeBody();
  client_ = peer_;  // until the head of the request says more
  const ServerOptions& options = context_.options();
  const absl::string_view in = absl::string_view(in_).substr(parsed_);
  is_head_ = IsHead(in);
  if (refusal_ == Refusal::kNone && requests_ == 0 && BeginsWithProxyHeader(in)) {
    Refuse(
        HandshakeFailure::kProxy,
        UnexpectedProxyHeader(peer_, SenderOf(stream_, peer_, context_), options.proxies.protocol));
    return false;
  }
  const absl::StatusOr<size_t> size = scanner_.Scan(in);
  if (size.ok() && *size == 0) return false;
  const absl::string_view head = in.substr(0, size.value_or(0));
  const absl::StatusOr<HttpRequest> request =
      size.ok() ? ParseHttpRequest(head, options.http.limits) : size.status();
  const absl::StatusOr<RequestSource> source = request.ok() ? SourceOf(*request) : request.status();
  if (refusal_ == Refusal::kAddressFull) {
    RefuseAddress();
  } else if (refusal_ == Refusal::kServerFull) {
    Refuse(HandshakeFailure::kFull,
           HttpError(503, "the server has the maximum number of connections"));
  } else if (!request.ok()) {
    Refuse(HandshakeFailure::kMalformed, request.status());
  } else if (!source.ok()) {
    if (!RefuseLostUpgrade(*request)) Refuse(HandshakeFailure::kProxy, source.status());
  } else if (options.http.pages == nullptr || IsUpgrade(*request)) {
    // The answers to earlier requests must be written before the answer to the upgrade.
    if (output_.empty() || Write()) Upgrade(*request, *source, head, in.substr(head.size()));
  } else if (!RefuseLostUpgrade(*request)) {
    scanner_ = HttpHeadScanner(options.http.limits);
    parsed_ += head.size();
    return Begin(*request, *source, head);
  }
  return false;
}

bool HttpConnection::Begin(const HttpRequest& request, const RequestSource& source,
                           absl::string_view head) {
  absl::StatusOr<RequestTarget> target = ParseRequestTarget(request);
  if (!target.ok()) {
    Refuse(HandshakeFailure::kMalformed, target.status());
    return false;
  }
  if (absl::Status status = CheckHostOf(target->host, source); !status.ok()) {
    Refuse(HandshakeFailure::kHost, status);
    return false;
  }
  absl::StatusOr<HttpRequestBody> body =
      HttpRequestBody::Of(request, context_.options().http.max_body_bytes);
  if (!body.ok()) {
    Refuse(HandshakeFailure::kMalformed, body.status());
    return false;
  }
  // RFC 9110, section 10.1.1.
  const std::optional<absl::string_view> expected = request.headers.Find("Expect");
  if (expected.has_value() && request.version >= 11) {
    if (!absl::EqualsIgnoreCase(*expected, "100-continue")) {
      Refuse(HandshakeFailure::kMalformed,
             HttpError(417, absl::StrCat("unsupported expectation ", Quote(*expected),
                                         ": this server supports 100-continue only")));
      return false;
    }
    // A client that has sent some of the body already does not wait for 100.
    if (!body->done() && parsed_ == in_.size()) output_.Add("HTTP/1.1 100 Continue\r\n\r\n");
  }
  if (!body->done()) {
    unfinished_.reset(new Unfinished{std::string(head), *std::move(body)});
    return TakeBody();
  }
  Answer(request, source, head, *target, "");
  return true;
}

bool HttpConnection::TakeBody() {
  const absl::StatusOr<size_t> taken =
      unfinished_->body.Append(absl::string_view(in_).substr(parsed_));
  if (!taken.ok()) {
    Refuse(HandshakeFailure::kMalformed, taken.status());
    return false;
  }
  parsed_ += *taken;
  if (!unfinished_->body.done()) return false;
  const std::unique_ptr<Unfinished> finished = std::move(unfinished_);
  const HttpRequest request = *ParseHttpRequest(finished->head, context_.options().http.limits);
  Answer(request, *SourceOf(request), finished->head, *ParseRequestTarget(request),
         finished->body.text());
  return true;
}

void HttpConnection::Upgrade(const HttpRequest& http, const RequestSource& source,
                             absl::string_view head, absl::string_view rest) {
  absl::StatusOr<UpgradeRequest> request = ParseUpgradeRequest(http);
  if (!request.ok() && RefuseLostUpgrade(http)) return;
  if (context_.refuses_upgrades()) {
    return Refuse(HandshakeFailure::kDraining, HttpError(503, "the server is going away"));
  }
  if (!request.ok()) return Refuse(HandshakeFailure::kNotWebSocket, request.status());
  if (absl::Status status = CheckHostOf(request->host, source); !status.ok()) {
    return Refuse(HandshakeFailure::kHost, status);
  }
  if (absl::Status status = CheckOrigin(*request, stream_, source, context_); !status.ok()) {
    return Refuse(HandshakeFailure::kOrigin, status);
  }
  // A proxy keeps its connections for requests of many clients; this one has only one from now on.
  if (!SetPeer(source.client)) {
    if (holds_stream()) RefuseAddress();
    return;
  }
  std::optional<UpgradeDecision> decision;
  if (const std::unique_ptr<Later> later = std::move(later_)) {
    decision = later->upgrade->Take();
    decision->path_parameters = std::move(later->path_parameters);
  }
  UpgradeResponse response;
  absl::StatusOr<AcceptedUpgrade> accepted = AcceptUpgrade(
      *std::move(request), head, stream_, source, context_, response, std::move(decision));
  if (!accepted.ok()) {
    return Refuse(HandshakeFailure::kRefused, accepted.status(), std::move(response.headers));
  }
  if (accepted->later != nullptr) {
    later_.reset(new Later{.upgrade = std::move(accepted->later),
                           .path_parameters = std::move(accepted->path_parameters)});
    return later_->upgrade->Await([this] { TakeLateAnswer(); });
  }
  // `rest` points into in_, which is valid until the end of the turn.
  HandTo<ServedSession>()->Open(*std::move(accepted), http.target, rest, more_);
}

absl::StatusOr<RequestSource> HttpConnection::SourceOf(const HttpRequest& http) {
  absl::StatusOr<RequestSource> source =
      FindSource(http.headers, sender_, context_.trusted(), context_.options().proxies.header);
  if (source.ok() && source->client == SocketAddress()) source->client = peer_;
  client_ = source.ok() ? source->client : peer_;
  return source;
}

// A browser can run on the machine of a trusted proxy. A page of another name that was made to
// resolve to this server can set header fields of its requests for pages, but not the Host. So the
// host that a proxy names counts only if the Host is not such a name: if it passes the check
// itself, or is the address or loopback name that a proxy writes there.
absl::Status HttpConnection::CheckHostOf(absl::string_view host,
                                         const RequestSource& source) const {
  const std::vector<std::string>& allowed = context_.options().http.allowed_hosts;
  // allowed_hosts, if not empty, applies on every endpoint; otherwise the endpoint decides.
  const bool on_loopback = allowed.empty() && context_.group().CameByLoopback(stream_.fd());
  absl::Status status = CheckHost(host, on_loopback, allowed);
  if (allowed.empty() || source.host.empty()) return status;
  if (!status.ok() && !IsAddressOrLoopback(host)) return status;
  return CheckHost(source.host, /*on_loopback=*/false, allowed);
}

void HttpConnection::Answer(const HttpRequest& http, const RequestSource& source,
                            absl::string_view head, const RequestTarget& target,
                            absl::string_view body) {
  ++requests_;
  begun_ms_ = context_.loop().now_ms();  // of the next request, if some of it was read
  request_bytes_ = in_.size() - parsed_;
  PageRequest request = {http};
  request.host = target.host;
  request.target = target.path;
  request.body = body;
  request.subpath = absl::StripPrefix(request.path(), "/");
  request.peer_address = source.client;
  request.proxy_address = ProxyOf(stream_, source.client, context_);
  request.scheme = SchemeOf(stream_, source);
  request.peer_certificate = stream_.peer_certificate();
  request.server = &context_.group();
  internal::RequestContext<absl::StatusOr<PageResponse>> found = {
      context_.loop(), context_.late_answers(), context_.guard(), context_.group().handler_pool(),
      head};
  request.context = &found;
  absl::StatusOr<PageResponse> answer = context_.options().http.pages(request);
  if (found.late == nullptr) return Respond(http, std::move(answer));
  if (auto given = found.late->Take()) return Respond(http, *std::move(given));
  later_.reset(new Later{.page = found.late, .head = std::string(head)});
  later_->page->Await([this] { TakeLateAnswer(); });
}

void HttpConnection::TakeLateAnswer() {
  later_->given = true;
  begun_ms_ = context_.loop().now_ms();  // of the next request, if some of it was read
  Proceed();
  if (holds_stream() && more_ && reading()) OnReadable();
}

bool HttpConnection::RespondLate() {
  const std::unique_ptr<Later> later = std::move(later_);
  Respond(*ParseHttpRequest(later->head, context_.options().http.limits), *later->page->Take());
  return true;
}

void HttpConnection::Respond(const HttpRequest& http, absl::StatusOr<PageResponse> answer) {
  // The answer must name the protocol to upgrade to (RFC 9110, section 15.5.22).
  if (HttpStatusOf(answer.status()) == 426) {
    return Refuse(HandshakeFailure::kNotWebSocket, answer.status());
  }
  PageResponse page = answer.ok() ? *std::move(answer) : ErrorPage(answer.status());

  closing_ = !WantsToStay(http) || context_.going_away();
  const absl::Duration keep = closing_ ? absl::ZeroDuration() : TimeFor(Wait::kRequest);
  absl::StatusOr<std::string> head = WritePageHead(page, http, keep, absl::Now());
  if (!head.ok()) {
    Log(context_.options().hooks.log, LogLevel::kError,
        absl::StrCat("the page ", Quote(http.target),
                     " cannot be sent: ", head.status().message()));
    page = ErrorPage(absl::InternalError("the server's own answer could not be sent"));
    head = WritePageHead(page, http, keep, absl::Now());
  }
  CountResponse(page.status);
  if (http.method == "HEAD" || !MayHaveBody(page.status)) {
    output_.Add(*head);
  } else if (page.file.is_open()) {
    output_.Add(*head, std::move(page.file), page.file_bytes);
  } else {
    output_.Add(*head, std::move(page.body));
  }
}

void HttpConnection::Refuse(HandshakeFailure reason, absl::Status why, HeaderFields headers) {
  const std::pair<std::string, std::string> date = {"Date", HttpDate(absl::Now())};
  const absl::string_view method = is_head_ ? "HEAD" : "GET";
  if (std::none_of(headers.begin(), headers.end(), [](const auto& header) {
        return absl::EqualsIgnoreCase(header.first, "Date");
      })) {
    headers.insert(headers.begin(), date);  // RFC 9110, section 6.6.1
  }
  absl::StatusOr<std::string> response = TryRejectResponse(why, headers, method);
  if (!response.ok()) {
    Log(context_.options().hooks.log, LogLevel::kError,
        absl::StrCat("the refusal of ", client_.ToString(),
                     " cannot be sent: ", response.status().message()));
    why = absl::InternalError("the server's own answer could not be sent");
    response = RejectResponse(why, {date}, method);
  }
  const int status = HttpStatusOf(why);
  context_.LogRefusal(client_, reason, status, why.message());
  if (requests_ == 0) context_.CountFailure(reason);
  CountResponse(status);
  closing_ = true;
  unfinished_.reset();
  ForgetLater();
  output_.Add(*response);
}

bool HttpConnection::RefuseLostUpgrade(const HttpRequest& http) {
  absl::Status lost = CheckForLostUpgrade(http);
  if (lost.ok()) return false;
  Refuse(HandshakeFailure::kProxy, std::move(lost));
  return true;
}

void HttpConnection::RefuseAddress() {
  Refuse(HandshakeFailure::kAddressFull, AddressIsFull(peer_, SenderOf(stream_, peer_, context_)));
}

void HttpConnection::Fail(HandshakeFailure reason, const char* why, absl::string_view detail) {
  if (requests_ == 0) context_.CountFailure(reason);
  Drop(why, detail);
}

bool HttpConnection::Account() {
  size_t buffered = stream_.buffered_bytes() + MemoryOf(in_) + output_.buffered_bytes();
  if (unfinished_ != nullptr) {
    buffered += MemoryOf(unfinished_->head) + unfinished_->body.buffered_bytes();
  }
  if (later_ != nullptr) buffered += MemoryOf(later_->head) + MemoryOf(later_->path_parameters);
  return ServedStream::Account(buffered);
}

absl::Duration HttpConnection::TimeFor(Wait wait) const {
  const ServerOptions& options = context_.options();
  const bool upgrade = wait == Wait::kLater && later_->upgrade != nullptr;
  if (wait == Wait::kHead || upgrade) return options.timeouts.handshake;
  return wait == Wait::kRequest ? options.timeouts.keep_alive : options.timeouts.http;
}

}  // namespace weft
