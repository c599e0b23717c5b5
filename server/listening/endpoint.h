// Where a server listens.

#ifndef WEFT_SERVER_LISTENING_ENDPOINT_H_
#define WEFT_SERVER_LISTENING_ENDPOINT_H_

#include <cstdint>
#include <memory>
#include <string>

#include "weft/transport/tls_context.h"

namespace weft {

struct Endpoint {
  // A host name, an IP address ("0.0.0.0" and "::" for all), or "unix:/path".
  std::string address = "127.0.0.1";
  uint16_t port = 0;  // 0: any free one, see Server::addresses

  // Null: plain ws://. Otherwise wss://, with this certificate and key:
  //   TlsContext::ForServer({.identities = {{.certificate_file = ..., .private_key_file = ...}}})
  // Server::ReloadCertificates renews them.
  std::shared_ptr<TlsContext> tls{};
};

}  // namespace weft

#endif  // WEFT_SERVER_LISTENING_ENDPOINT_H_
