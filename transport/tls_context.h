// The state that many TLS streams share: trusted roots, own certificates, and remembered sessions.

#ifndef WEFT_TRANSPORT_TLS_CONTEXT_H_
#define WEFT_TRANSPORT_TLS_CONTEXT_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "weft/transport/tls_options.h"

struct ssl_st;  // BoringSSL's SSL

namespace weft {

struct TlsPeer;

// A client's or a server's side of TLS 1.2 and 1.3 (RFC 5246, RFC 8446), created once and passed to
// each stream:
//
//   auto context = TlsContext::ForClient({.ca_file = "ca.pem"});
//   if (!context.ok()) return context.status();
//   absl::Status status = stream.StartTlsClient(**context, "example.com");
//
// It holds state that makes later connections cheaper: a client's tickets, by the host that issued
// them, and the keys of a server's tickets. Streams keep it alive. Thread-safe.
class TlsContext : public std::enable_shared_from_this<TlsContext> {
 public:
  // Errors name the bad file or text, and the reason: InvalidArgument, or NotFound and the like for
  // a file that cannot be read. An expired certificate is accepted; the peers will reject it.
  static absl::StatusOr<std::shared_ptr<TlsContext>> ForClient(
      const TlsClientOptions& options = {});
  static absl::StatusOr<std::shared_ptr<TlsContext>> ForServer(TlsServerOptions options);

  // ForClient() with the system's roots: one for the whole process, created by the first call.
  static absl::StatusOr<std::shared_ptr<TlsContext>> SystemClient();

  // Replaces a server's certificates, keys and client CAs: from the same files, read again, or from
  // other options. Everything is checked first, expiry too; after an error nothing has changed.
  // Existing streams keep their state. Existing tickets stay valid, unless the set of accepted
  // clients has changed. FailedPrecondition for a client's context.
  absl::Status Reload();
  absl::Status Reload(TlsServerOptions options);

  bool is_server() const { return server_ != nullptr; }

  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

 private:
  friend class TlsSession;
  struct Client;
  struct Server;

  TlsContext();

  // For TlsSession: owned by the caller. Its callbacks use `peer`, which must outlive it.
  absl::StatusOr<ssl_st*> NewSsl(TlsPeer* peer);

  // One of the two is set.
  std::unique_ptr<Client> client_;
  std::unique_ptr<Server> server_;
};

}  // namespace weft

#endif  // WEFT_TRANSPORT_TLS_CONTEXT_H_
