#include "weft/server/proxied_stream.h"

#include <cstddef>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "weft/server/forwarding/advice.h"
#include "weft/server/forwarding/proxy_header.h"
#include "weft/server/http_connection.h"
#include "weft/transport/io.h"
#include "weft/transport/string_memory.h"

namespace weft {

ProxiedStream::ProxiedStream(LoopContext& context, Arrival arrival, uint64_t id, Refusal refusal)
    : ServedStream(context, {std::move(arrival.stream), arrival.peer, id, refusal}),
      tls_(std::move(arrival.tls)),
      deadline_ms_(context_.loop().now_ms() +
                   EventLoop::Milliseconds(context.options().timeouts.handshake)) {
  context_.loop().ArmTimer(this, deadline_ms_);
}

// Looks at the bytes before it takes those of the header: TLS reads the rest from the socket.
void ProxiedStream::OnReadable() {
  if (!holds_stream()) return;
  const absl::Span<char> into = context_.pools().scratch().first(kMaxProxyHeader);
  const IoResult result = stream_.Peek(into);
  if (result.status == IoStatus::kWouldBlock) return;
  if (!result.ok()) {
    context_.CountFailure(HandshakeFailure::kLeft);
    return Drop("the client left during the handshake");
  }
  const size_t before = in_.size();
  in_.append(into.data(), result.bytes);
  const absl::StatusOr<ProxyHeader> header = ParseProxyHeader(in_);
  const bool complete = header.ok() && header->kind == ProxyHeader::Kind::kComplete;
  const bool incomplete = header.ok() && header->kind == ProxyHeader::Kind::kIncomplete;
  in_.resize(complete ? header->size : incomplete ? in_.size() : before);
  const size_t taken = stream_.Read(into.first(in_.size() - before)).bytes;
  context_.metrics().bytes_received += taken;
  if (!header.ok()) return Refuse(header.status());
  if (complete) return TakeHeader(header->client);
  if (incomplete) {
    Account(MemoryOf(in_));
    return;
  }
  if (context_.options().proxies.protocol == ProxyProtocol::kRequired) {
    return Refuse(MissingProxyHeader(peer_));
  }
  if (tls_ != nullptr && !in_.empty()) {  // TLS cannot start without its first bytes
    context_.CountFailure(HandshakeFailure::kTls);
    return Drop("the client speaks neither TLS nor the PROXY protocol");
  }
  HandOver(/*believes_headers=*/true);
}

void ProxiedStream::TakeHeader(const SocketAddress& client) {
  in_.clear();
  const bool named = client.is_ip();
  if (named && !SetPeer(client) && !holds_stream()) return;
  HandOver(named);
}

void ProxiedStream::HandOver(bool believes_headers) {
  if (tls_ != nullptr) {
    const absl::Status status = stream_.StartTlsServer(*tls_);
    if (!status.ok()) return Drop("cannot start TLS", status.message(), LogLevel::kError);
  }
  HandTo<HttpConnection>(believes_headers)->Continue(in_, deadline_ms_);
}

void ProxiedStream::Refuse(absl::Status why) {
  if (tls_ == nullptr) return HandTo<HttpConnection>(false)->RefuseProxy(std::move(why));
  context_.CountFailure(HandshakeFailure::kProxy);
  Drop("no TLS was started", why.message(), LogLevel::kWarning);
}

void ProxiedStream::OnTimer() {
  context_.CountFailure(HandshakeFailure::kTimeout);
  Drop("the header of the PROXY protocol took too long");
}

void ProxiedStream::GoAway(CloseCode code, absl::string_view /*reason*/) {
  if (code == CloseCode::kServiceRestart && !context_.refuses_upgrades()) return;
  Drop("the server is going away");
}

}  // namespace weft
