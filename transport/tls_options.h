// Options for TLS.

#ifndef WEFT_TRANSPORT_TLS_OPTIONS_H_
#define WEFT_TRANSPORT_TLS_OPTIONS_H_

#include <string>
#include <vector>

namespace weft {

enum class TlsVersion { kTls12, kTls13 };

// A certificate chain, the owner's own certificate first, and its private key; each as the path of
// a PEM file or as PEM text, not both. The key must not have a password.
struct TlsIdentity {
  std::string certificate_file{};
  std::string private_key_file{};
  std::string certificate_pem{};
  std::string private_key_pem{};

  bool operator==(const TlsIdentity&) const = default;
};

struct TlsClientOptions {
  // PEM certificates to trust instead of the system's, as a file, as text, or both.
  std::string ca_file{};
  std::string ca_pem{};

  // Shown to servers that ask for a client certificate; empty: none.
  TlsIdentity identity{};

  TlsVersion min_version = TlsVersion::kTls12;

  // Accepts any certificate, so that anyone on the path can read and change all data. Only for a
  // test against a server without a proper certificate; ca_file serves that purpose too, and stays
  // secure.
  bool dangerously_accept_any_certificate = false;

  bool operator==(const TlsClientOptions&) const = default;
};

enum class ClientCertificates {
  kNone,      // does not ask for one
  kOptional,  // asks; accepts clients without one, but none whose certificate cannot be verified
  kRequired,  // refuses clients without one
};

struct TlsServerOptions {
  // At least one. A client names the host it wants (SNI, RFC 6066) and gets the first whose
  // certificate is for that name; an exact name precedes a wildcard. If there is none, and for
  // clients that name no host, the first of all is used.
  std::vector<TlsIdentity> identities{};

  // Mutual TLS: the CAs of the clients' certificates, as a PEM file, as text, or both.
  ClientCertificates client_certificates = ClientCertificates::kNone;
  std::string client_ca_file{};
  std::string client_ca_pem{};

  TlsVersion min_version = TlsVersion::kTls12;
};

}  // namespace weft

#endif  // WEFT_TRANSPORT_TLS_OPTIONS_H_
