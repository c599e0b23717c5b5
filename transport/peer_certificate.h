// The identity of the peer of a TLS stream.

#ifndef WEFT_TRANSPORT_PEER_CERTIFICATE_H_
#define WEFT_TRANSPORT_PEER_CERTIFICATE_H_

#include <string>
#include <vector>

namespace weft {

// The owner that a certificate names: its subject and its subject alternative names (RFC 5280,
// section 4.2.1.6). Bytes that are not printable ASCII are escaped.
struct PeerCertificate {
  std::string subject{};  // as in RFC 4514: "CN=alice,O=Example"
  std::vector<std::string> dns_names{};
  std::vector<std::string> ip_addresses{};  // in numeric form: "127.0.0.1", "::1"
  std::vector<std::string> email_addresses{};
  std::vector<std::string> uris{};
};

}  // namespace weft

#endif  // WEFT_TRANSPORT_PEER_CERTIFICATE_H_
