#include "weft/transport/stream.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "weft/transport/tls_peer.h"
#include "weft/transport/tls_session.h"

namespace weft {
namespace {

IoResult Failed(int error, Interest wanted) {
  if (error == EAGAIN || error == EWOULDBLOCK) {
    return {.status = IoStatus::kWouldBlock, .wanted = wanted};
  }
  return {.status = IoStatus::kError, .error = error};
}

// The result of recv() into a buffer that is not empty.
IoResult Receive(int fd, absl::Span<char> buffer, int flags) {
  ssize_t count;
  do {
    count = recv(fd, buffer.data(), buffer.size(), flags);
  } while (count < 0 && errno == EINTR);
  if (count < 0) return Failed(errno, Interest::kRead);
  if (count == 0) return {.status = IoStatus::kEof};
  return {.bytes = static_cast<size_t>(count)};
}

// The result of sendmsg() or send().
IoResult Written(ssize_t count) {
  if (count < 0) return Failed(errno, Interest::kWrite);
  return {.bytes = static_cast<size_t>(count)};
}

}  // namespace

void Stream::Delete::operator()(TlsSession* session) const { delete session; }

IoResult Stream::Read(absl::Span<char> buffer) {
  if (tls_ != nullptr) return tls_->Read(fd_.get(), buffer);
  // recv() into an empty buffer returns 0, which also marks the end.
  if (buffer.empty()) return {};
  return Receive(fd_.get(), buffer, 0);
}

IoResult Stream::Peek(absl::Span<char> buffer) { return Receive(fd_.get(), buffer, MSG_PEEK); }

IoResult Stream::Write(absl::string_view data) {
  if (tls_ != nullptr) return tls_->Writev(fd_.get(), absl::MakeSpan(&data, 1));
  ssize_t count;
  do {
    count = send(fd_.get(), data.data(), data.size(), MSG_NOSIGNAL);
  } while (count < 0 && errno == EINTR);
  return Written(count);
}

IoResult Stream::Writev(absl::Span<const absl::string_view> pieces) {
  pieces = pieces.subspan(0, kMaxPieces);
  if (tls_ != nullptr) {
    absl::string_view copies[kMaxPieces];
    std::copy(pieces.begin(), pieces.end(), copies);
    return tls_->Writev(fd_.get(), absl::MakeSpan(copies, pieces.size()));
  }
  iovec vectors[kMaxPieces];
  size_t size = 0;
  for (absl::string_view piece : pieces) {
    vectors[size++] = {.iov_base = const_cast<char*>(piece.data()), .iov_len = piece.size()};
  }
  msghdr message = {};
  message.msg_iov = vectors;
  message.msg_iovlen = size;
  ssize_t count;
  do {
    count = sendmsg(fd_.get(), &message, MSG_NOSIGNAL);
  } while (count < 0 && errno == EINTR);
  return Written(count);
}

IoResult Stream::ShutdownWrite() {
  if (tls_ != nullptr) return tls_->ShutdownWrite(fd_.get());
  if (shutdown(fd_.get(), SHUT_WR) < 0) return {.status = IoStatus::kError, .error = errno};
  return {};
}

absl::Status Stream::StartTls(TlsContext& context, TlsPeer peer) {
  if (!is_open() || is_tls()) {
    return absl::FailedPreconditionError(is_tls() ? "the stream already uses TLS"
                                                  : "the stream is closed");
  }
  return SetTls(TlsSession::Start(context, std::move(peer)));
}

absl::Status Stream::StartInnerTls(TlsContext& context, TlsPeer peer) {
  if (!is_open() || !is_tls() || !tls_->established()) {
    return absl::FailedPreconditionError("the stream does not use TLS yet");
  }
  return SetTls(
      TlsSession::Start(context, std::move(peer), std::unique_ptr<TlsSession>(tls_.release())));
}

absl::Status Stream::SetTls(absl::StatusOr<std::unique_ptr<TlsSession>> session) {
  if (!session.ok()) return session.status();
  tls_.reset(session->release());
  return absl::OkStatus();
}

namespace {

TlsPeer Server(absl::string_view host, Stream::Identity identity) {
  return {.is_server = true,
          .host = std::string(host),
          .hides_identity = identity == Stream::Identity::kHidden};
}

}  // namespace

absl::Status Stream::StartTlsClient(TlsContext& context, absl::string_view host,
                                    Identity identity) {
  return StartTls(context, Server(host, identity));
}

absl::Status Stream::StartInnerTlsClient(TlsContext& context, absl::string_view host,
                                         Identity identity) {
  return StartInnerTls(context, Server(host, identity));
}

absl::Status Stream::StartInnerTlsServer(TlsContext& context) { return StartInnerTls(context, {}); }

absl::Status Stream::StartTlsServer(TlsContext& context) { return StartTls(context, {}); }

IoResult Stream::Handshake() {
  if (tls_ == nullptr) return {};
  return tls_->Handshake(fd_.get());
}

absl::Status Stream::Error(const IoResult& result) const {
  if (result.status != IoStatus::kError) return absl::OkStatus();
  if (tls_ != nullptr && result.error == EPROTO) return tls_->error();
  const std::string text = std::generic_category().message(result.error);
  const bool in_handshake = tls_ != nullptr && !tls_->established();
  return absl::UnavailableError(in_handshake ? absl::StrCat(text, " during the TLS handshake")
                                             : text);
}

std::optional<PeerCertificate> Stream::peer_certificate() const {
  if (tls_ == nullptr) return std::nullopt;
  return tls_->peer_certificate();
}

bool Stream::peer_speaks_http() const { return tls_ != nullptr && tls_->peer_speaks_http(); }

size_t Stream::TlsBufferedBytes() const { return tls_->buffered_bytes(); }

bool Stream::resumed() const { return tls_ != nullptr && tls_->resumed(); }

}  // namespace weft
