// Where a server listens.

#ifndef WEFT_SERVER_LISTENING_ENDPOINT_H_
#define WEFT_SERVER_LISTENING_ENDPOINT_H_

#include <cstdint>
#include <memory>
#include <string>

#include "weft/transport/tls_context.h"

namespace weft {

struct Endpoint {
  // A host name, an IP address ("0.0.0.0" and "::" for all), "unix:/path", or "fd:3": the file
  // descriptor of a socket that listens already, for TCP or a Unix socket, which this process has
  // inherited, for example from systemd (service_manager.h). The server owns the descriptor once it
  // has accepted it, also if its start then fails for another reason, and closes it when it stops
  // listening. It becomes non-blocking for every process that has it. Server::Drain leaves clients
  // that still connect in its queue, for the process that serves the socket next; if no other
  // process has it, they are reset. The file of a Unix socket stays.
  std::string address = "127.0.0.1";
  uint16_t port = 0;  // 0: any free one, see Server::addresses; not used with "unix:" and "fd:"

  // Null: plain ws://. Otherwise wss://, with this certificate and key:
  //   TlsContext::ForServer({.identities = {{.certificate_file = ..., .private_key_file = ...}}})
  // Server::ReloadCertificates renews them.
  std::shared_ptr<TlsContext> tls{};
};

}  // namespace weft

#endif  // WEFT_SERVER_LISTENING_ENDPOINT_H_
