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

// A TlsIdentity that was read and found good: the certificate has a key, the key is its own.
class Identity {
 public:
  // Errors name the file, or say "certificate_pem" or "private_key_pem".
  static absl::StatusOr<Identity> Load(const TlsIdentity& source);

  // InvalidArgument, with the date, when the certificate has expired.
  absl::Status CheckExpiry() const;

  // Whether the certificate is for the DNS name `host`, and how (RFC 9525, section 6.3: a wildcard
  // is a whole first label and stands for exactly one).
  enum class Match { kNo, kWildcard, kExact };
  Match Matches(absl::string_view host) const;

  // False when BoringSSL does not take it.
  bool Use(SSL* ssl) const;

 private:
  Identity() = default;

  std::string source_;  // for errors
  bssl::UniquePtr<X509> leaf_;
  std::vector<bssl::UniquePtr<CRYPTO_BUFFER>> chain_;
  bssl::UniquePtr<EVP_PKEY> key_;
  std::vector<std::string> dns_names_;  // in lower case
};

// Trusted certificates: those of `file` and those of `pem`, where they are not empty. Errors name
// the file or `pem_name`; nothing to trust is one.
absl::StatusOr<bssl::UniquePtr<X509_STORE>> LoadRoots(const std::string& file,
                                                      const std::string& pem,
                                                      absl::string_view pem_name);

// The roots that the system trusts: of SSL_CERT_FILE in the environment, or of the first file that
// exists where systems have them. NotFound when there is none.
absl::StatusOr<bssl::UniquePtr<X509_STORE>> LoadSystemRoots();

}  // namespace weft

#endif  // WEFT_TRANSPORT_TLS_IDENTITY_H_
