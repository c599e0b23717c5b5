// Certificates and keys, from PEM files and text.

#ifndef WEFT_TRANSPORT_TLS_IDENTITY_H_
#define WEFT_TRANSPORT_TLS_IDENTITY_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "openssl/base.h"
#include "openssl/ssl.h"
#include "weft/transport/tls_options.h"

namespace weft {

// A TlsIdentity that was read and checked: the certificate has a key, and the key belongs to it.
class Identity {
 public:
  // Errors name the file, or "certificate_pem" or "private_key_pem".
  static absl::StatusOr<Identity> Load(const TlsIdentity& source);

  // InvalidArgument, with the date, if the certificate has expired.
  absl::Status CheckExpiry() const;

  // Whether the certificate is for the DNS name `host`, and how (RFC 9525, section 6.3: a wildcard
  // is a whole first label and matches exactly one).
  enum class Match { kNo, kWildcard, kExact };
  Match Matches(absl::string_view host) const;

  // False if BoringSSL rejects it.
  bool Use(SSL* ssl) const;

 private:
  Identity() = default;

  std::string source_;  // for errors
  bssl::UniquePtr<X509> leaf_;
  std::vector<bssl::UniquePtr<CRYPTO_BUFFER>> chain_;
  bssl::UniquePtr<EVP_PKEY> key_;
  std::vector<std::string> dns_names_;  // in lower case
};

// Trusted certificates: those of `file` and those of `pem`, if they are not empty. Errors name the
// file or `pem_name`; having none to trust is an error.
absl::StatusOr<bssl::UniquePtr<X509_STORE>> LoadRoots(const std::string& file,
                                                      const std::string& pem,
                                                      absl::string_view pem_name);

// The roots that the system trusts: those of SSL_CERT_FILE in the environment, or of the first file
// that exists among the usual locations. NotFound if there is none.
absl::StatusOr<bssl::UniquePtr<X509_STORE>> LoadSystemRoots();

}  // namespace weft

#endif  // WEFT_TRANSPORT_TLS_IDENTITY_H_
