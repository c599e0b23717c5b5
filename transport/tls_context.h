// What many TLS streams have in common: whom they trust, who they are, and what they remember.

#ifndef WEFT_TRANSPORT_TLS_CONTEXT_H_
#define WEFT_TRANSPORT_TLS_CONTEXT_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "weft/transport/tls_options.h"

struct ssl_st;  // BoringSSL's SSL

namespace weft {

struct TlsPeer;

// A client's or a server's side of TLS 1.2 and 1.3 (RFC 5246, RFC 8446), made once and given to
// each stream:
//
//   auto context = TlsContext::ForClient({.ca_file = "ca.pem"});
//   if (!context.ok()) return context.status();
//   absl::Status status = stream.StartTlsClient(**context, "example.com");
//
// It holds what makes the next connection cheaper: a client's tickets, by the host that gave them,
// and the keys of a server's tickets. Streams keep it alive. Any thread may call anything.
class TlsContext : public std::enable_shared_from_this<TlsContext> {
 public:
  // Errors say which file or text is bad, and how: InvalidArgument, or NotFound and the like for a
  // file that cannot be read. A certificate that has expired is taken; its peers will tell.
  static absl::StatusOr<std::shared_ptr<TlsContext>> ForClient(
      const TlsClientOptions& options = {});
  static absl::StatusOr<std::shared_ptr<TlsContext>> ForServer(TlsServerOptions options);

  // ForClient() with the roots of the system: one for the whole process, made by the first call.
  static absl::StatusOr<std::shared_ptr<TlsContext>> SystemClient();

  // A server's certificates, keys and client CAs anew: from the files that it has, or from other
  // options. All of it is looked at first, expiry too; with an error nothing changes. Streams that
  // have begun go on with what they have. Tickets given before stay good, unless whom the server
  // takes as clients has changed. FailedPrecondition for a client's context.
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

  // For TlsSession: owned by the caller, with `peer` for the callbacks, which must outlive it.
  absl::StatusOr<ssl_st*> NewSsl(TlsPeer* peer);

  // One of the two.
  std::unique_ptr<Client> client_;
  std::unique_ptr<Server> server_;
};

}  // namespace weft

#endif  // WEFT_TRANSPORT_TLS_CONTEXT_H_
