// TLS over a non-blocking socket: the TLS part of a Stream.

#ifndef WEFT_TRANSPORT_TLS_SESSION_H_
#define WEFT_TRANSPORT_TLS_SESSION_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "openssl/base.h"
#include "openssl/ssl.h"
#include "weft/transport/io.h"
#include "weft/transport/peer_certificate.h"
#include "weft/transport/tls_context.h"
#include "weft/transport/tls_peer.h"

namespace weft {

// The methods are those of Stream, with the same guarantees; the descriptor is the stream's. Not
// thread-safe.
//
// BoringSSL reads and writes through a custom BIO, which moves bytes between it and two buffers
// that the thread's sessions share. A read fills one of them from the socket once, and ends when
// BoringSSL has used all of it; a write is encrypted into the other, and sent at once. So one
// system call serves many records, and an idle session has no buffers. Only ciphertext that the
// socket does not accept is stored here. A session inside of another reads from it as many bytes as
// BoringSSL asks for, until it has no more.
class TlsSession {
 public:
  // With `below`, an established session, its bytes are that session's payload instead of the
  // socket's: TLS inside of TLS.
  static absl::StatusOr<std::unique_ptr<TlsSession>> Start(
      TlsContext& context, TlsPeer peer, std::unique_ptr<TlsSession> below = nullptr);

  IoResult Handshake(int fd);
  IoResult Read(int fd, absl::Span<char> buffer);
  IoResult Writev(int fd, absl::Span<absl::string_view> pieces);  // consumes them
  IoResult ShutdownWrite(int fd);

  // The reason why a call returned kError with EPROTO.
  const absl::Status& error() const { return error_; }

  // Memory in bytes for data that the peer sent or has not yet taken: part of a record or of a
  // handshake message, and unsent ciphertext.
  size_t buffered_bytes() const;

  // Whether the handshake is done.
  bool established() const { return peer_.established; }

  std::optional<PeerCertificate> peer_certificate() const;
  bool peer_speaks_http() const { return peer_.speaks_http; }
  bool resumed() const { return SSL_session_reused(ssl_.get()) == 1; }

 private:
  struct Io;      // of one call
  struct Method;  // the BIO's

  // Why a call of BoringSSL failed.
  struct Failure {
    int kind = 0;  // of SSL_get_error()
    uint32_t error = 0;
  };

  TlsSession(std::shared_ptr<TlsContext> context, TlsPeer peer, std::unique_ptr<TlsSession> below)
      : context_(std::move(context)), peer_(std::move(peer)), below_(std::move(below)) {}

  size_t depth() const { return below_ != nullptr ? below_->depth() + 1 : 0; }

  IoResult Handshake(Io& io);
  Failure TakeFailure(int result);
  IoResult Failed(const Io& io, const Failure& failure);
  IoResult Fail(absl::Status error);
  size_t ReceiveSome(Io& io, size_t size);
  size_t SendSome(Io& io, absl::string_view data);
  void NoteError(Io& io, const IoResult& result);
  bool Send(Io& io);
  bool has_shut_down() const { return (SSL_get_shutdown(ssl_.get()) & SSL_SENT_SHUTDOWN) != 0; }

  const std::shared_ptr<TlsContext> context_;
  TlsPeer peer_;
  const std::unique_ptr<TlsSession> below_;  // null: the socket is
  bssl::UniquePtr<SSL> ssl_;
  Io* io_ = nullptr;    // the current call
  bool heard_ = false;  // the peer sent something
  absl::Status error_;
  size_t record_bytes_ = 0;     // the most that BoringSSL requested at once since it held nothing
  size_t handshake_bytes_ = 0;  // received before the handshake was done
  std::string unsent_;          // ciphertext that the socket did not accept
  size_t unsent_begin_ = 0;     // the part of it that the socket has accepted since
  size_t owed_ = 0;  // bytes of a write that was not reported, because part of it is in unsent_
};

}  // namespace weft

#endif  // WEFT_TRANSPORT_TLS_SESSION_H_
