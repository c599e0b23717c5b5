// Describes certificates in text.

#ifndef WEFT_TRANSPORT_TLS_CERTIFICATE_H_
#define WEFT_TRANSPORT_TLS_CERTIFICATE_H_

#include <string>

#include "openssl/base.h"
#include "weft/transport/peer_certificate.h"

namespace weft {

// The owner of a certificate.
PeerCertificate ReadCertificate(X509* certificate);

// Its subject and its issuer, for an error: "CN=alice,O=Example", or "no name".
std::string SubjectOf(X509* certificate);
std::string IssuerOf(X509* certificate);

// The hosts it is for, for an error: "a.example, b.example and 127.0.0.1", cut after a few.
std::string HostsOf(X509* certificate);

// "Jan  1 00:00:00 2020 GMT"
std::string TimeText(const ASN1_TIME* time);

// Why `certificate` is rejected, as the end of a sentence that begins "the server's certificate
// (CN=a.example) ...": "expired on Jan  1 00:00:00 2020 GMT". `error` is an X509_V_ERR; `host` is
// the host it should be for, and empty for a client's.
std::string WhyRefused(int error, X509* certificate, const std::string& host);

}  // namespace weft

#endif  // WEFT_TRANSPORT_TLS_CERTIFICATE_H_
