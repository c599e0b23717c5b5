#include "weft/transport/tls_session.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "openssl/bio.h"
#include "openssl/err.h"
#include "openssl/x509.h"
#include "weft/transport/string_memory.h"
#include "weft/transport/tls_certificate.h"
#include "weft/transport/tls_error.h"

namespace weft {
namespace {

// The maximum payload of a record, and the maximum record (RFC 5246, section 6.2.3; those of RFC
// 8446 are smaller).
constexpr size_t kMaxPayload = 16 << 10;
constexpr size_t kMaxRecord = 5 + kMaxPayload + 2048;

// The number of records encrypted and sent at once: as many as the kernel sends as one large packet
// (64 KiB). One record more makes two packets, which costs large messages a quarter of their speed.
constexpr size_t kMaxBatch = 3 * kMaxPayload;

// The maximum number of bytes that one call writes, even if the peer reads as fast as we write, so
// that other connections get a turn.
constexpr size_t kMaxWrite = 16 * kMaxBatch;

// The maximum number of sessions below another.
constexpr size_t kMaxDepth = 1;

// Buffers that the sessions of a thread share, one call at a time. A session inside of another has
// buffers of its own: its call is not over while the other's runs.
struct Scratch {
  char in[128 << 10];
  char out[kMaxBatch + kMaxRecord];
  char record[kMaxPayload];
};

Scratch* ThreadScratch(size_t depth) {
  thread_local std::unique_ptr<Scratch> scratch[kMaxDepth + 1];
  if (scratch[depth] == nullptr) scratch[depth] = std::make_unique_for_overwrite<Scratch>();
  return scratch[depth].get();  // NOLINT(clang-analyzer-cplusplus.NewDelete): freed with the thread
}

}  // namespace

// One call: its socket, and its data in the thread's scratch.
struct TlsSession::Io {
  explicit Io(TlsSession* session, int fd) : session(session), fd(fd) {
    session->io_ = this;
    if (SSL_has_pending(session->ssl_.get()) == 0) session->record_bytes_ = 0;
  }
  ~Io() { session->io_ = nullptr; }

  TlsSession* const session;
  const int fd;
  Scratch& scratch = *ThreadScratch(session->depth());
  size_t in_begin = 0, in_end = 0;
  size_t out_size = 0;
  // The bytes of payload that the caller's buffer holds: 0 during the handshake. Receive() takes no
  // more from the socket than fits, because poll() and epoll cannot announce bytes that are here.
  size_t room = 0;
  bool drained = false;  // the socket is empty, or has returned enough
  bool eof = false;
  int error = 0;  // of the socket
};

// The functions that BoringSSL calls to move bytes.
struct TlsSession::Method {
  static const BIO_METHOD* Get() {
    static const BIO_METHOD* const method = [] {
      BIO_METHOD* made = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "weft");
      BIO_meth_set_read(made, Read);
      BIO_meth_set_write(made, Write);
      BIO_meth_set_ctrl(made, Control);
      return made;
    }();
    return method;
  }

  static Io& IoOf(BIO* bio) { return *static_cast<TlsSession*>(BIO_get_data(bio))->io_; }

  static long Control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

  static int Write(BIO* bio, const char* data, int size) {
    Io& io = IoOf(bio);
    std::string& unsent = io.session->unsent_;
    // Only an unusually long chain of certificates does not fit into the scratch.
    if (!unsent.empty() || sizeof(io.scratch.out) - io.out_size < static_cast<size_t>(size)) {
      unsent.append(data, static_cast<size_t>(size));
    } else {
      std::memcpy(io.scratch.out + io.out_size, data, static_cast<size_t>(size));
      io.out_size += static_cast<size_t>(size);
    }
    return size;
  }

  static int Read(BIO* bio, char* out, int size) {
    Io& io = IoOf(bio);
    BIO_clear_retry_flags(bio);
    // When BoringSSL has the header of a record it allocates the record, and asks for the rest.
    io.session->record_bytes_ = std::max(io.session->record_bytes_, static_cast<size_t>(size));
    if (io.in_begin == io.in_end && !Receive(io, static_cast<size_t>(size))) {
      if (io.eof) return 0;
      if (io.error == 0) BIO_set_retry_read(bio);
      return -1;
    }
    const size_t count = std::min(static_cast<size_t>(size), io.in_end - io.in_begin);
    std::memcpy(out, io.scratch.in + io.in_begin, count);
    io.in_begin += count;
    if (!io.session->established()) io.session->handshake_bytes_ += count;
    return static_cast<int>(count);
  }

  // A peer that does not speak TLS is not answered in TLS.
  static bool CheckFirst(Io& io) {
    TlsSession& session = *io.session;
    absl::Status status = CheckFirstBytes({io.scratch.in, io.in_end}, session.peer_);
    if (status.ok()) return true;
    io.error = session.Fail(std::move(status)).error;
    return false;
  }

  // Receives the bytes of a record that BoringSSL asks for. If the caller's buffer is large,
  // receives many records instead, once in each read: at most as many as fit, one less because
  // BoringSSL may already hold a record that lacks only its last byte.
  static bool Receive(Io& io, size_t wanted) {
    if (io.drained) return false;
    TlsSession& session = *io.session;
    // A session below may hold bytes that the socket does not announce: it is read until it has
    // none.
    const bool many = session.below_ == nullptr && io.room >= 2 * kMaxRecord;
    const size_t size = std::min(many ? io.room - kMaxRecord : wanted, sizeof(io.scratch.in));
    const size_t count = session.ReceiveSome(io, size);
    io.drained = session.below_ == nullptr ? many || count < size : count == 0;
    if (count == 0) return false;
    io.in_begin = 0;
    io.in_end = count;
    return std::exchange(io.session->heard_, true) || CheckFirst(io);
  }
};

absl::StatusOr<std::unique_ptr<TlsSession>> TlsSession::Start(TlsContext& context, TlsPeer peer,
                                                              std::unique_ptr<TlsSession> below) {
  if (below != nullptr && below->depth() == kMaxDepth) {
    return absl::FailedPreconditionError("the stream already uses TLS inside of TLS");
  }
  std::unique_ptr<TlsSession> session(
      new TlsSession(context.shared_from_this(), std::move(peer), std::move(below)));
  absl::StatusOr<ssl_st*> ssl = context.NewSsl(&session->peer_);
  if (!ssl.ok()) return ssl.status();
  session->ssl_.reset(*ssl);
  BIO* bio = BIO_new(Method::Get());
  if (bio == nullptr) return absl::InternalError("BoringSSL cannot make a BIO");
  BIO_set_data(bio, session.get());
  BIO_set_init(bio, 1);
  SSL_set_bio(*ssl, bio, bio);
  return session;
}

// ---- Handshake ----

IoResult TlsSession::Handshake(int fd) {
  if (peer_.established && unsent_.empty()) return {};
  Io io(this, fd);
  return Handshake(io);
}

// Sends output that is still unsent, and continues the handshake unless it is done.
IoResult TlsSession::Handshake(Io& io) {
  if (!peer_.established && !error_.ok()) return Fail(error_);
  if (!Send(io)) return {.status = IoStatus::kError, .error = io.error};
  if (!unsent_.empty()) return {.status = IoStatus::kWouldBlock, .wanted = Interest::kWrite};
  if (peer_.established) return {};
  const int result = SSL_do_handshake(ssl_.get());
  peer_.established = result == 1;
  const Failure failure = TakeFailure(result);
  const bool waits = !peer_.established && failure.kind == SSL_ERROR_WANT_READ;
  const bool sent = Send(io);
  if (!peer_.established && !waits) return Failed(io, failure);
  if (!sent) return {.status = IoStatus::kError, .error = io.error};
  if (!unsent_.empty()) return {.status = IoStatus::kWouldBlock, .wanted = Interest::kWrite};
  if (waits) return {.status = IoStatus::kWouldBlock, .wanted = Interest::kRead};
  return {};
}

// ---- Reading and writing ----

IoResult TlsSession::Read(int fd, absl::Span<char> buffer) {
  if (buffer.empty()) return {};
  Io io(this, fd);
  if (!peer_.established) {
    const IoResult handshake = Handshake(io);
    if (!handshake.ok()) return handshake;
  }
  io.room = buffer.size();
  constexpr size_t kMaxRead = 1 << 30;  // an int
  size_t size = 0;
  int result = 1;
  while (size < buffer.size() && (size == 0 || io.in_begin < io.in_end || !io.drained)) {
    result = SSL_read(ssl_.get(), buffer.data() + size,
                      static_cast<int>(std::min(buffer.size() - size, kMaxRead)));
    if (result <= 0) break;
    size += static_cast<size_t>(result);
  }
  const Failure failure = TakeFailure(result);
  const bool waits = result > 0 || failure.kind == SSL_ERROR_WANT_READ;
  Send(io);        // an alert
  if (size > 0) {  // the next read reports an error or the end: BoringSSL keeps it
    const bool more_below = below_ != nullptr && !io.drained;
    return {.more = !waits || more_below || SSL_pending(ssl_.get()) > 0, .bytes = size};
  }
  if (!waits) return Failed(io, failure);
  const bool sent = unsent_.empty() && (below_ == nullptr || below_->unsent_.empty());
  return {.status = IoStatus::kWouldBlock, .wanted = sent ? Interest::kRead : Interest::kReadWrite};
}

namespace {

// Takes up to `limit` bytes from the front of `pieces`. They are used in place if they form whole
// records; small pieces are copied into `record`.
absl::string_view Take(absl::Span<absl::string_view>* pieces, size_t limit, char* record) {
  while (!pieces->empty() && pieces->front().empty()) pieces->remove_prefix(1);
  if (pieces->empty()) return "";
  absl::string_view& first = pieces->front();
  if (pieces->size() == 1 || first.size() >= kMaxPayload) {
    size_t size = std::min(first.size(), limit);
    if (pieces->size() > 1) size -= size % kMaxPayload;
    const absl::string_view taken = first.substr(0, size);
    first.remove_prefix(size);
    return taken;
  }
  size_t size = 0;
  for (absl::string_view& piece : *pieces) {
    const size_t count = std::min(piece.size(), std::min(limit, kMaxPayload) - size);
    std::memcpy(record + size, piece.data(), count);
    piece.remove_prefix(count);
    size += count;
  }
  return {record, size};
}

}  // namespace

IoResult TlsSession::Writev(int fd, absl::Span<absl::string_view> pieces) {
  Io io(this, fd);
  const IoResult ready = Handshake(io);
  if (!ready.ok()) return ready;
  if (owed_ > 0) return {.bytes = std::exchange(owed_, 0)};
  if (has_shut_down()) return {.status = IoStatus::kError, .error = EPIPE};  // as a socket does

  size_t written = 0;
  while (written < kMaxWrite) {
    size_t batch = 0;
    while (batch < kMaxBatch) {
      const absl::string_view data = Take(&pieces, kMaxBatch - batch, io.scratch.record);
      if (data.empty()) break;
      const int result = SSL_write(ssl_.get(), data.data(), static_cast<int>(data.size()));
      if (result <= 0) return Failed(io, TakeFailure(result));
      batch += data.size();
    }
    if (batch == 0) break;
    const bool sent = Send(io);
    if (!unsent_.empty()) {  // reported when it has been sent
      owed_ = batch;
      if (written > 0) break;
      if (!sent) return {.status = IoStatus::kError, .error = io.error};
      return {.status = IoStatus::kWouldBlock, .wanted = Interest::kWrite};
    }
    written += batch;
  }
  return {.bytes = written};
}

IoResult TlsSession::ShutdownWrite(int fd) {
  Io io(this, fd);
  io.drained = true;
  if (peer_.established && !has_shut_down() && Send(io) && unsent_.empty()) {
    SSL_shutdown(ssl_.get());
    ERR_clear_error();
    Send(io);
  }
  if (below_ != nullptr) return below_->ShutdownWrite(fd);
  if (shutdown(fd, SHUT_WR) < 0) return {.status = IoStatus::kError, .error = errno};
  return {};
}

// Receives up to `size` bytes from the socket, or from the session below, into the scratch. Returns
// 0 if there are none now, and at the end and on an error, which it notes.
size_t TlsSession::ReceiveSome(Io& io, size_t size) {
  if (below_ != nullptr) {
    const IoResult result = below_->Read(io.fd, absl::MakeSpan(io.scratch.in, size));
    io.eof = result.status == IoStatus::kEof;
    NoteError(io, result);
    return result.bytes;
  }
  ssize_t count;
  do {
    count = recv(io.fd, io.scratch.in, size, 0);
  } while (count < 0 && errno == EINTR);
  if (count < 0 && errno != EAGAIN && errno != EWOULDBLOCK) io.error = errno;
  io.eof = count == 0;
  return static_cast<size_t>(std::max<ssize_t>(count, 0));
}

// Sends as many of these bytes as the socket, or the session below, accepts. Returns their number.
size_t TlsSession::SendSome(Io& io, absl::string_view data) {
  if (below_ != nullptr) {
    const IoResult result = below_->Writev(io.fd, absl::MakeSpan(&data, 1));
    NoteError(io, result);
    return result.bytes;
  }
  ssize_t count;
  do {
    count = send(io.fd, data.data(), data.size(), MSG_NOSIGNAL);
  } while (count < 0 && errno == EINTR);
  if (count < 0 && errno != EAGAIN && errno != EWOULDBLOCK) io.error = errno;
  return static_cast<size_t>(std::max<ssize_t>(count, 0));
}

// An error of the session below.
void TlsSession::NoteError(Io& io, const IoResult& result) {
  if (result.status != IoStatus::kError) return;
  io.error = result.error;
  if (result.error == EPROTO) Fail(below_->error_);
}

// Sends the output that BoringSSL wrote in this call, and the rest of earlier output, as far as the
// socket accepts it. Returns false if that failed.
bool TlsSession::Send(Io& io) {
  if (io.out_size > 0) {  // unsent_ follows after it
    const absl::string_view out(io.scratch.out, std::exchange(io.out_size, 0));
    const size_t count = SendSome(io, out);
    if (count < out.size()) unsent_.insert(0, out.substr(count).data(), out.size() - count);
    if (count < out.size()) return io.error == 0;
  }
  if (!unsent_.empty()) {
    unsent_begin_ += SendSome(io, absl::string_view(unsent_).substr(unsent_begin_));
    if (unsent_begin_ < unsent_.size()) return io.error == 0;
    unsent_begin_ = 0;
    ReleaseMemory(unsent_);
  }
  return true;
}

// ---- Errors ----

// The result for a BoringSSL call that returned `result` and does not wait for the socket.
// Why a call of BoringSSL returned `result`. Call it right after that, because the next call, also
// of another session, forgets the error.
TlsSession::Failure TlsSession::TakeFailure(int result) {
  if (result > 0) return {};
  const Failure failure = {SSL_get_error(ssl_.get(), result), ERR_peek_error()};
  ERR_clear_error();  // otherwise it would appear in the next session of this thread
  return failure;
}

IoResult TlsSession::Failed(const Io& io, const Failure& failure) {
  const auto [kind, error] = failure;
  if (kind == SSL_ERROR_ZERO_RETURN && peer_.established) return {.status = IoStatus::kEof};
  if (io.error != 0) return {.status = IoStatus::kError, .error = io.error};
  if (io.eof || kind == SSL_ERROR_ZERO_RETURN) {
    return Fail(DescribeTruncation(peer_));
  }
  return Fail(peer_.refusal.ok() ? DescribeTlsError(error, peer_) : peer_.refusal);
}

IoResult TlsSession::Fail(absl::Status error) {
  if (error_.ok()) error_ = std::move(error);
  return {.status = IoStatus::kError, .error = EPROTO};
}

size_t TlsSession::buffered_bytes() const {
  size_t bytes = MemoryOf(unsent_);
  if (below_ != nullptr) bytes += below_->buffered_bytes();
  if (SSL_has_pending(ssl_.get()) == 1) bytes += record_bytes_;
  // A handshake message is collected in a buffer that grows by a third.
  if (!peer_.established) bytes += handshake_bytes_ + handshake_bytes_ / 3;
  return bytes;
}

std::optional<PeerCertificate> TlsSession::peer_certificate() const {
  if (!peer_.established || SSL_get_verify_result(ssl_.get()) != X509_V_OK) return std::nullopt;
  const bssl::UniquePtr<X509> certificate(SSL_get_peer_certificate(ssl_.get()));
  if (certificate == nullptr) return std::nullopt;
  return ReadCertificate(certificate.get());
}

}  // namespace weft
