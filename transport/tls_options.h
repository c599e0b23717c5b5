// What TLS is told to do.

#ifndef WEFT_TRANSPORT_TLS_OPTIONS_H_
#define WEFT_TRANSPORT_TLS_OPTIONS_H_

#include <string>
#include <vector>

namespace weft {

enum class TlsVersion { kTls12, kTls13 };

// A certificate chain, the owner's own certificate first, and its private key; each as the path of
// a PEM file or as PEM text, not both. The key has no password.
struct TlsIdentity {
  std::string certificate_file{};
  std::string private_key_file{};
  std::string certificate_pem{};
  std::string private_key_pem{};
};

struct TlsClientOptions {
  // PEM certificates to trust instead of the system's, as a file, as text, or both.
  std::string ca_file{};
  std::string ca_pem{};

  // Shown to servers that ask who we are; empty: none.
  TlsIdentity identity{};

  TlsVersion min_version = TlsVersion::kTls12;

  // Takes whatever certificate the server has, so that anybody on the way can read and change all
  // that is sent. For a test against a server that has no proper certificate, and nothing else:
  // ca_file does that as well, and stays safe.
  bool dangerously_accept_any_certificate = false;
};

enum class ClientCertificates {
  kNone,      // does not ask for one
  kOptional,  // asks; takes clients without one, but none with one that cannot be verified
  kRequired,  // refuses clients without one
};

struct TlsServerOptions {
  // At least one. A client names the host it wants (SNI, RFC 6066) and gets the first whose
  // certificate is for that name, one that has it spelled out before a wildcard's; when there is
  // none, and for clients that name none, the first of all.
  std::vector<TlsIdentity> identities{};

  // Mutual TLS: who signs the clients' certificates, as a PEM file, as text, or both.
  ClientCertificates client_certificates = ClientCertificates::kNone;
  std::string client_ca_file{};
  std::string client_ca_pem{};

  TlsVersion min_version = TlsVersion::kTls12;
};

}  // namespace weft

#endif  // WEFT_TRANSPORT_TLS_OPTIONS_H_
