// Who the other end of a TLS stream is.

#ifndef WEFT_TRANSPORT_PEER_CERTIFICATE_H_
#define WEFT_TRANSPORT_PEER_CERTIFICATE_H_

#include <string>
#include <vector>

namespace weft {

// What a certificate says of its owner: its subject and its subject alternative names (RFC 5280,
// section 4.2.1.6). What is not printable ASCII is escaped.
struct PeerCertificate {
  std::string subject{};  // as in RFC 4514: "CN=alice,O=Example"
  std::vector<std::string> dns_names{};
  std::vector<std::string> ip_addresses{};  // digits: "127.0.0.1", "::1"
  std::vector<std::string> email_addresses{};
  std::vector<std::string> uris{};
};

}  // namespace weft

#endif  // WEFT_TRANSPORT_PEER_CERTIFICATE_H_
