#include "weft/server/http_connection.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "weft/core/handshake.h"
#include "weft/core/http_status.h"
#include "weft/core/log.h"
#include "weft/server/session.h"
#include "weft/server/upgrade.h"
#include "weft/server/worker.h"
#include "weft/transport/io.h"

namespace weft {
namespace {

// How long a client may take for the answer that refuses it.
constexpr int64_t kRefusalMs = 2000;

// Whether a request begins with a TLS record of the kind "handshake" (RFC 8446, section 5.1).
bool LooksLikeTls(absl::string_view bytes) {
  return bytes.size() >= 2 && bytes[0] == 0x16 && bytes[1] == 0x03;
}

}  // namespace

HttpConnection::HttpConnection(Worker& worker, Stream stream, const SocketAddress& peer,
                               uint64_t id, Refusal refusal)
    : ServedStream(worker, {std::move(stream), peer, id, refusal}),
      deadline_ms_(worker.loop().now_ms() +
                   EventLoop::Milliseconds(worker.options().handshake_timeout)) {
  worker.loop().ArmTimer(this, deadline_ms_);
}

HttpConnection::~HttpConnection() = default;

void HttpConnection::OnReadable() {
  do {
    if (!holds_stream()) return;
    ReadOnce();
  } while (more_);
}

void HttpConnection::ReadOnce() {
  const absl::Span<char> into = worker_.loop().scratch();
  const IoResult result = stream_.Read(into);
  more_ = result.more;
  worker_.metrics().bytes_received += result.bytes;
  const bool ended = !result.ok() && result.status != IoStatus::kWouldBlock;
  if (refusing_) {
    if (ended) Drop("");
  } else if (result.ok()) {
    OnBytes({into.data(), result.bytes});
  } else if (!ended) {
    // TLS may have to write before it can read.
    SetInterest(Poller::kRead |
                (result.wanted == weft::Interest::kRead ? Poller::kNone : Poller::kWrite));
  } else if (stream_.peer_speaks_http()) {
    stream_.StopTls();
    Refuse(HandshakeFailure::kTls,
           HttpError(400, "this port speaks HTTP over TLS only: use wss://, not ws://"));
  } else if (result.status == IoStatus::kError) {
    const bool is_tls = result.error == EPROTO;
    Fail(is_tls ? HandshakeFailure::kTls : HandshakeFailure::kLeft, "the handshake failed",
         stream_.Error(result).message());
  } else {
    Fail(HandshakeFailure::kLeft, "the client left during the handshake");
  }
}

void HttpConnection::OnWritable() {
  if (!holds_stream()) return;
  if (refusing_) {
    Write();
  } else {
    OnReadable();
  }
}

void HttpConnection::OnTimer() {
  const int64_t now = worker_.loop().now_ms();
  if (refusing_) return Drop("");
  if (now >= deadline_ms_) return Fail(HandshakeFailure::kTimeout, "the handshake took too long");
  if (now >= TooSlowAtMs()) {
    return Fail(HandshakeFailure::kTimeout, "the request came too slowly");
  }
  worker_.loop().ArmTimer(this, std::min(deadline_ms_, TooSlowAtMs()));
}

int64_t HttpConnection::TooSlowAtMs() const {
  const int64_t rate = worker_.options().min_request_bytes_per_second;
  if (rate == 0) return deadline_ms_;
  return begun_ms_ + EventLoop::Milliseconds(worker_.options().request_grace) +
         static_cast<int64_t>(request_bytes_) * 1000 / rate;
}

void HttpConnection::GoAway(CloseCode /*code*/, absl::string_view /*reason*/) {
  if (!refusing_) Drop("the server is going away");
}

void HttpConnection::OnBytes(absl::string_view bytes) {
  if (request_ == nullptr) {
    if (LooksLikeTls(bytes)) {
      return Refuse(HandshakeFailure::kTls,
                    HttpError(400, "this port speaks HTTP without TLS: use ws://, not wss://"));
    }
    request_ = std::make_unique<UpgradeReader>(worker_.options().http_limits);
  }
  const absl::StatusOr<UpgradeReader::Head> head = request_->Read(bytes);
  if (!head.ok()) return Refuse(HandshakeFailure::kMalformed, head.status());
  if (!head->head.empty()) return Upgrade(head->head, head->rest);
  const bool begins = request_bytes_ == 0;
  request_bytes_ += bytes.size();
  if (!begins) return;  // the timer looks, when it fires, at what came since
  begun_ms_ = worker_.loop().now_ms();
  worker_.loop().ArmTimer(this, std::min(deadline_ms_, TooSlowAtMs()));
}

void HttpConnection::Upgrade(absl::string_view head, absl::string_view rest) {
  const ServerOptions& options = worker_.options();
  if (worker_.draining()) {
    return Refuse(HandshakeFailure::kDraining, HttpError(503, "the server is going away"));
  }
  if (refusal_ == Refusal::kAddressFull) {
    return Refuse(HandshakeFailure::kAddressFull,
                  HttpError(429, "your address has as many connections as it may have"));
  }
  if (refusal_ == Refusal::kServerFull) {
    return Refuse(HandshakeFailure::kFull,
                  HttpError(503, "the server has as many connections as it can take"));
  }
  const absl::StatusOr<HttpRequest> http = ParseHttpRequest(head, options.http_limits);
  if (!http.ok()) return Refuse(HandshakeFailure::kMalformed, http.status());
  absl::StatusOr<UpgradeRequest> request = ParseUpgradeRequest(*http);
  if (!request.ok()) return Refuse(HandshakeFailure::kNotWebSocket, request.status());
  if (absl::Status status = CheckOrigin(*request, options); !status.ok()) {
    return Refuse(HandshakeFailure::kOrigin, status);
  }
  absl::StatusOr<AcceptedUpgrade> accepted =
      AcceptUpgrade(*std::move(request), stream_, peer_, options, worker_.acceptor(),
                    worker_.compression_bytes_left());
  if (!accepted.ok()) return Refuse(HandshakeFailure::kRefused, accepted.status());
  // `rest` stays: it lies in the scratch, or in what this keeps until the end of the turn.
  HandTo<Session>()->Open(*std::move(accepted), rest, more_);
}

void HttpConnection::Refuse(HandshakeFailure reason, const absl::Status& why) {
  worker_.CountFailure(reason);
  Log(worker_.options().log, LogLevel::kInfo,
      absl::StrCat("refused ", peer_.ToString(), ": HTTP ", HttpStatusOf(why), ", ",
                   why.message()));
  refusing_ = true;
  out_ = RejectResponse(why);
  worker_.loop().ArmTimer(this, worker_.loop().now_ms() + kRefusalMs);
  Write();
}

void HttpConnection::Fail(HandshakeFailure reason, const char* why, absl::string_view detail) {
  worker_.CountFailure(reason);
  Drop(why, detail);
}

void HttpConnection::Write() {
  const IoResult result = stream_.Write(out_);
  if (result.status == IoStatus::kError) {
    return Drop("the client is gone", stream_.Error(result).message());
  }
  worker_.metrics().bytes_sent += result.bytes;
  out_.erase(0, result.bytes);
  if (out_.empty()) return Linger();
  SetInterest(Poller::kRead | Poller::kWrite);
}

}  // namespace weft
