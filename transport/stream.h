// A connected stream of bytes, plain or TLS.

#ifndef WEFT_TRANSPORT_STREAM_H_
#define WEFT_TRANSPORT_STREAM_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "weft/transport/fd.h"
#include "weft/transport/io.h"
#include "weft/transport/peer_certificate.h"
#include "weft/transport/tls_context.h"

namespace weft {

class TlsSession;

// One end of a connected, non-blocking TCP or Unix socket. Owns the descriptor; moves, never
// copies. Nothing here blocks or raises SIGPIPE.
//
// Made by ConnectTo() and Accept(). A loop reads when the descriptor is readable:
//
//   const IoResult result = stream.Read(absl::MakeSpan(buffer));
//   if (result.ok()) Consume(buffer, result.bytes);
//   else if (result.status != IoStatus::kWouldBlock) Drop(stream);   // kEof, or Error(result)
//
// TLS begins with StartTlsClient() or StartTlsServer(); what is read and written from then on is
// encrypted on the wire, and nothing else changes for the caller but what is said below.
//
// Threads: plain, the two directions share no state: one thread may read while another writes; two
// that read, or two that write, need a lock of their own, as does moving, Close() against anything.
// With TLS every call needs that lock.
class Stream {
 public:
  Stream() = default;

  // `fd` must be connected and non-blocking.
  explicit Stream(UniqueFd fd) : fd_(std::move(fd)) {}

  // Reads what is there, up to `buffer`, in one system call: kOk with at least one byte,
  // kWouldBlock or kEof. An empty `buffer` is kOk with none. Resetting a connection is kError with
  // ECONNRESET. TLS: kEof is the peer's close_notify; an end without one is an error, since bytes
  // may be missing.
  IoResult Read(absl::Span<char> buffer);

  // Writes as much as the socket takes, in one system call; kOk with fewer bytes than asked for is
  // usual when the peer is slow. When the peer is gone: kError with EPIPE or ECONNRESET. TLS: after
  // kWouldBlock the next write must begin with the same bytes (they may have been encrypted
  // already, and some of them sent), wherever they lie; kOk says that they have left.
  IoResult Write(absl::string_view data);

  // The same for several pieces at once, in order, as if they were one. Pieces past the first
  // kMaxPieces are left for the next call.
  static constexpr size_t kMaxPieces = 16;
  IoResult Writev(absl::Span<const absl::string_view> pieces);

  // Tells the peer that no more will be written; reading goes on. kOk, or kError. TLS: sends
  // close_notify first, if the socket takes it at once.
  IoResult ShutdownWrite();

  // ---- TLS ----

  // Begins TLS, as the client of `host`: a name, which the server is told (SNI), or an IP address
  // as digits; either is what the server's certificate must be for. InvalidArgument when it is
  // neither; FailedPrecondition when `context` is a server's or the stream has TLS already. With
  // kHidden a server that asks who we are is not shown TlsClientOptions::identity.
  enum class Identity { kShown, kHidden };
  absl::Status StartTlsClient(TlsContext& context, absl::string_view host,
                              Identity identity = Identity::kShown);

  // The same as a server.
  absl::Status StartTlsServer(TlsContext& context);

  // The handshake, for who wants to know when it is done; reads and writes do it by themselves. kOk
  // when it is done (or the stream is plain), or kWouldBlock: wait for `wanted`, which may be
  // either, and call again. Errors as of Read().
  IoResult Handshake();

  // What a kError says, as one sentence for people that stands alone, such as "Connection reset by
  // peer" or "the server's certificate (CN=a.example) is for a.example, not for b.example".
  //   Unauthenticated      one side does not take the other's certificate
  //   FailedPrecondition   the other side does not speak TLS, or none that we speak
  //   Unavailable          the network, or anything else that may go better another time
  absl::Status Error(const IoResult& result) const;

  bool is_tls() const { return tls_ != nullptr; }

  // The peer's certificate if there is one and it was verified, once the handshake is done.
  std::optional<PeerCertificate> peer_certificate() const;

  // Of a server whose handshake failed: whether the client sent an HTTP request without TLS, and
  // could be told in the same way what it should have done, once StopTls() has made the stream
  // plain again. The beginning of the request is lost.
  bool peer_speaks_http() const;
  void StopTls() { tls_.reset(); }

  // Whether the handshake took up an earlier session instead of making a new one.
  bool resumed() const;

  // Memory held for what the peer sent or does not take, in bytes. None when plain.
  size_t buffered_bytes() const { return tls_ != nullptr ? TlsBufferedBytes() : 0; }

  // To wait for; negative when closed.
  int fd() const { return fd_.get(); }
  bool is_open() const { return fd_.is_open(); }

  // Closes the socket, and says no more.
  void Close() {
    fd_.reset();
    tls_.reset();
  }

 private:
  struct Delete {
    void operator()(TlsSession* session) const;
  };

  absl::Status StartTls(TlsContext& context, TlsPeer peer);
  size_t TlsBufferedBytes() const;

  // Null is plain: one branch in each method above. It stands first so that a class that holds a
  // stream as [[no_unique_address]] can use the four bytes behind the descriptor.
  std::unique_ptr<TlsSession, Delete> tls_;
  UniqueFd fd_;
};

}  // namespace weft

#endif  // WEFT_TRANSPORT_STREAM_H_
