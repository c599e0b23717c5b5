// A connected stream of bytes, plain or TLS.

#ifndef WEFT_TRANSPORT_STREAM_H_
#define WEFT_TRANSPORT_STREAM_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
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
// ConnectTo() and Accept() create streams. A loop reads when the descriptor is readable:
//
//   const IoResult result = stream.Read(absl::MakeSpan(buffer));
//   if (result.ok()) Consume(buffer, result.bytes);
//   else if (result.status != IoStatus::kWouldBlock) Drop(stream);   // kEof, or Error(result)
//
// StartTlsClient() or StartTlsServer() begins TLS: data read and written from then on is encrypted
// on the wire. For the caller the functions behave as before, with the exceptions stated below.
//
// Threads: without TLS the two directions share no state: one thread may read while another writes;
// two that read, or two that write, need a lock, as do moving and Close() against any other call.
// With TLS every call needs that lock.
class Stream {
 public:
  Stream() = default;

  // `fd` must be connected and non-blocking.
  explicit Stream(UniqueFd fd) : fd_(std::move(fd)) {}

  // Reads the available bytes, up to the size of `buffer`, in one system call: kOk with at least
  // one byte, kWouldBlock or kEof. For an empty `buffer`, kOk with 0 bytes. A reset connection is
  // kError with ECONNRESET. TLS: kEof is the peer's close_notify; an end without one is an error,
  // because bytes may be missing.
  IoResult Read(absl::Span<char> buffer);

  // Reads without removing: the next Read() returns the same bytes. For a stream without TLS.
  IoResult Peek(absl::Span<char> buffer);

  // Writes as much as the socket accepts, in one system call; kOk with fewer bytes than requested
  // is usual when the peer is slow. If the peer has closed: kError with EPIPE or ECONNRESET. TLS:
  // after kWouldBlock the next write must begin with the same bytes, at any address (they may
  // already be encrypted, and sent in part); kOk means that they have been sent.
  IoResult Write(absl::string_view data);

  // The same for several pieces at once, in order, as if they were one. Pieces after the first
  // kMaxPieces are left for the next call.
  static constexpr size_t kMaxPieces = 16;
  IoResult Writev(absl::Span<const absl::string_view> pieces);

  // Tells the peer that no more data will follow; reading continues. kOk, or kError. TLS: sends
  // close_notify first, if the socket accepts it at once.
  IoResult ShutdownWrite();

  // ---- TLS ----

  // Begins TLS, as the client of `host`: a name, which is sent to the server (SNI), or a numeric IP
  // address; the server's certificate must be for it. InvalidArgument if it is neither;
  // FailedPrecondition if `context` is a server's or the stream already uses TLS. With kHidden,
  // TlsClientOptions::identity is not shown to a server that asks for it.
  enum class Identity { kShown, kHidden };
  absl::Status StartTlsClient(TlsContext& context, absl::string_view host,
                              Identity identity = Identity::kShown);

  // The same on a stream that uses TLS already, and whose handshake is done: TLS with `host` inside
  // of the TLS with a proxy that passes the bytes on. From then on the functions are about the TLS
  // inside. Errors are FailedPrecondition if the stream does not use TLS, or uses two already, and
  // as above; after an error the stream can only be closed.
  absl::Status StartInnerTlsClient(TlsContext& context, absl::string_view host,
                                   Identity identity = Identity::kShown);

  // The same as a server.
  absl::Status StartTlsServer(TlsContext& context);
  absl::Status StartInnerTlsServer(TlsContext& context);

  // Performs the handshake, for callers that need to know when it is done; reads and writes do it
  // implicitly. kOk if it is done (or the stream is plain), or kWouldBlock: wait for `wanted`,
  // which may be either, and call again. Errors as of Read(). Read afterwards before you wait: TLS
  // inside of TLS may hold bytes that the descriptor does not report.
  IoResult Handshake();

  // Describes a kError, as one self-contained sentence for people, such as "Connection reset by
  // peer" or "the server's certificate (CN=a.example) is for a.example, not for b.example".
  //   Unauthenticated      one side rejects the other's certificate
  //   FailedPrecondition   the other side does not speak TLS, or no version that we support
  //   Unavailable          the network, or anything else that may succeed at another time
  absl::Status Error(const IoResult& result) const;

  bool is_tls() const { return tls_ != nullptr; }

  // The peer's certificate if it sent one and it was verified, once the handshake is done.
  std::optional<PeerCertificate> peer_certificate() const;

  // For a server whose handshake failed: whether the client sent an HTTP request without TLS. After
  // StopTls() has made the stream plain again, the server can answer that request with an error.
  // The beginning of the request is lost.
  bool peer_speaks_http() const;
  void StopTls() { tls_.reset(); }

  // Whether the handshake resumed an earlier session.
  bool resumed() const;

  // Memory held for bytes that the peer sent or has not yet taken. 0 without TLS.
  size_t buffered_bytes() const { return tls_ != nullptr ? TlsBufferedBytes() : 0; }

  // The descriptor to wait for; negative when closed.
  int fd() const { return fd_.get(); }
  bool is_open() const { return fd_.is_open(); }

  // Closes the socket without sending anything.
  void Close() {
    fd_.reset();
    tls_.reset();
  }

 private:
  struct Delete {
    void operator()(TlsSession* session) const;
  };

  absl::Status StartTls(TlsContext& context, TlsPeer peer);
  absl::Status StartInnerTls(TlsContext& context, TlsPeer peer);
  absl::Status SetTls(absl::StatusOr<std::unique_ptr<TlsSession>> session);
  size_t TlsBufferedBytes() const;

  // Null means no TLS: one branch in each method above. It is the first member so that a class that
  // holds a stream as [[no_unique_address]] can use the four bytes after the descriptor.
  std::unique_ptr<TlsSession, Delete> tls_;
  UniqueFd fd_;
};

}  // namespace weft

#endif  // WEFT_TRANSPORT_STREAM_H_
