// The other end of a TLS stream, as BoringSSL's callbacks come to know it.

#ifndef WEFT_TRANSPORT_TLS_PEER_H_
#define WEFT_TRANSPORT_TLS_PEER_H_

#include <string>

#include "absl/status/status.h"

namespace weft {

struct TlsPeer {
  bool is_server = false;          // it is, and we are its client
  std::string host{};              // with is_server: whom we want it to be, a name or IP digits
  bool hides_identity = false;     // with is_server: it is not shown our certificate
  bool wants_certificate = false;  // it asked for ours
  bool got_certificate = false;    // and we had one
  absl::Status refusal{};          // why its certificate was not taken
  bool speaks_http = false;        // what it sent first is a request without TLS
  bool established = false;        // the handshake is done

  // For errors: "the server", "the client".
  const char* name() const { return is_server ? "the server" : "the client"; }
};

}  // namespace weft

#endif  // WEFT_TRANSPORT_TLS_PEER_H_
