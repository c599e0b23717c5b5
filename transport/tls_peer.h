// The state of the peer of a TLS stream, filled in by BoringSSL's callbacks.

#ifndef WEFT_TRANSPORT_TLS_PEER_H_
#define WEFT_TRANSPORT_TLS_PEER_H_

#include <string>

#include "absl/status/status.h"

namespace weft {

struct TlsPeer {
  bool is_server = false;          // the peer is a server, and we are its client
  std::string host{};              // with is_server: the expected name or numeric IP address
  bool hides_identity = false;     // with is_server: our certificate is not shown
  bool wants_certificate = false;  // it asked for our certificate
  bool got_certificate = false;    // and we had one
  absl::Status refusal{};          // why its certificate was rejected
  bool speaks_http = false;        // its first bytes are a request without TLS
  bool established = false;        // the handshake is done

  // For errors: "the server", "the client".
  const char* name() const { return is_server ? "the server" : "the client"; }
};

}  // namespace weft

#endif  // WEFT_TRANSPORT_TLS_PEER_H_
