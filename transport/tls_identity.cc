#include "weft/transport/tls_identity.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "openssl/bio.h"
#include "openssl/err.h"
#include "openssl/evp.h"
#include "openssl/mem.h"
#include "openssl/pem.h"
#include "openssl/pool.h"
#include "openssl/x509.h"
#include "weft/transport/fd.h"
#include "weft/transport/tls_certificate.h"
#include "weft/transport/tls_error.h"

namespace weft {
namespace {

// A PEM text and its source.
struct Pem {
  std::string text;
  std::string source;
};

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text;
  char buffer[16384];
  ssize_t got = fd.is_open() ? 1 : -1;
  while (got > 0) {
    got = read(fd.get(), buffer, sizeof(buffer));
    if (got > 0) text.append(buffer, static_cast<size_t>(got));
  }
  if (got < 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot read ", path));
  return text;
}

// From a file or from a text; one of them is set.
absl::StatusOr<Pem> ReadPem(const std::string& file, const std::string& pem,
                            absl::string_view name) {
  if (!file.empty() && !pem.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(name, "_file and ", name, "_pem are both set"));
  }
  if (!pem.empty()) return Pem{.text = pem, .source = absl::StrCat(name, "_pem")};
  if (file.empty()) return absl::InvalidArgumentError(absl::StrCat("no ", name, " is given"));
  absl::StatusOr<std::string> text = ReadFile(file);
  if (!text.ok()) return text.status();
  return Pem{.text = *std::move(text), .source = file};
}

// BoringSSL's last error, removed from its queue.
std::string TakeReason() {
  std::string reason = TlsReason(ERR_peek_last_error());
  ERR_clear_error();
  return reason;
}

// Clears the error queue on every return.
struct ErrorClearer {
  ~ErrorClearer() { ERR_clear_error(); }
};

// All certificates, in order; at least one.
absl::StatusOr<std::vector<bssl::UniquePtr<X509>>> ParseCertificates(const Pem& pem) {
  const ErrorClearer clearer;
  const bssl::UniquePtr<BIO> bio(
      BIO_new_mem_buf(pem.text.data(), static_cast<int>(pem.text.size())));
  std::vector<bssl::UniquePtr<X509>> certificates;
  while (bssl::UniquePtr<X509> next{PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)}) {
    certificates.push_back(std::move(next));
  }
  if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE) {
    return absl::InvalidArgumentError(absl::StrCat("certificate ", certificates.size() + 1, " in ",
                                                   pem.source, " cannot be read (", TakeReason(),
                                                   ")"));
  }
  if (certificates.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(pem.source, " holds no PEM certificate"));
  }
  return certificates;
}

absl::StatusOr<bssl::UniquePtr<EVP_PKEY>> ParseKey(const Pem& pem) {
  const ErrorClearer clearer;
  const bssl::UniquePtr<BIO> bio(
      BIO_new_mem_buf(pem.text.data(), static_cast<int>(pem.text.size())));
  bssl::UniquePtr<EVP_PKEY> key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
  if (key != nullptr) return key;
  if (absl::StrContains(pem.text, "ENCRYPTED")) {
    return absl::InvalidArgumentError(
        absl::StrCat("the private key in ", pem.source, " is locked with a password"));
  }
  if (ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE) {
    return absl::InvalidArgumentError(absl::StrCat(pem.source, " holds no PEM private key"));
  }
  return absl::InvalidArgumentError(
      absl::StrCat("the private key in ", pem.source, " cannot be read (", TakeReason(), ")"));
}

absl::Status AddRoots(X509_STORE* store, const Pem& pem) {
  absl::StatusOr<std::vector<bssl::UniquePtr<X509>>> roots = ParseCertificates(pem);
  if (!roots.ok()) return roots.status();
  for (const bssl::UniquePtr<X509>& root : *roots) {
    if (!X509_STORE_add_cert(store, root.get())) {
      return absl::InternalError(absl::StrCat("cannot trust ", pem.source, ": ", TakeReason()));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Identity> Identity::Load(const TlsIdentity& source) {
  absl::StatusOr<Pem> certificate_pem =
      ReadPem(source.certificate_file, source.certificate_pem, "certificate");
  if (!certificate_pem.ok()) return certificate_pem.status();
  absl::StatusOr<Pem> key_pem =
      ReadPem(source.private_key_file, source.private_key_pem, "private_key");
  if (!key_pem.ok()) return key_pem.status();
  absl::StatusOr<std::vector<bssl::UniquePtr<X509>>> chain = ParseCertificates(*certificate_pem);
  if (!chain.ok()) return chain.status();
  absl::StatusOr<bssl::UniquePtr<EVP_PKEY>> key = ParseKey(*key_pem);
  if (!key.ok()) return key.status();

  const ErrorClearer clearer;
  Identity identity;
  identity.source_ = certificate_pem->source;
  identity.key_ = *std::move(key);
  for (const bssl::UniquePtr<X509>& certificate : *chain) {
    uint8_t* der = nullptr;
    const int size = i2d_X509(certificate.get(), &der);
    if (size < 0) return absl::InternalError(TakeReason());
    const bssl::UniquePtr<uint8_t> owner(der);
    identity.chain_.emplace_back(CRYPTO_BUFFER_new(der, static_cast<size_t>(size), nullptr));
  }
  identity.leaf_ = std::move(chain->front());
  if (!X509_check_private_key(identity.leaf_.get(), identity.key_.get())) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the private key in ", key_pem->source, " does not belong to the certificate in ",
        certificate_pem->source, " (", SubjectOf(identity.leaf_.get()), ")"));
  }
  // Errors that BoringSSL would report in every handshake, such as a key that is not for
  // signatures.
  const bssl::UniquePtr<SSL_CTX> context(SSL_CTX_new(TLS_method()));
  const bssl::UniquePtr<SSL> ssl(SSL_new(context.get()));
  if (!identity.Use(ssl.get())) {
    return absl::InvalidArgumentError(absl::StrCat("the certificate in ", certificate_pem->source,
                                                   " is not for TLS (", TakeReason(), ")"));
  }
  for (const std::string& name : ReadCertificate(identity.leaf_.get()).dns_names) {
    if (!name.empty()) identity.dns_names_.push_back(absl::AsciiStrToLower(name));
  }
  return identity;
}

absl::Status Identity::CheckExpiry() const {
  time_t now = std::time(nullptr);
  const ASN1_TIME* expiry = X509_get0_notAfter(leaf_.get());
  if (X509_cmp_time(expiry, &now) > 0) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("the certificate in ", source_, " (",
                                                 SubjectOf(leaf_.get()), ") expired on ",
                                                 TimeText(expiry)));
}

Identity::Match Identity::Matches(absl::string_view host) const {
  const std::string exact = absl::AsciiStrToLower(host);
  const size_t dot = exact.find('.');
  const std::string wildcard = dot == 0 || dot == std::string::npos ? "" : "*" + exact.substr(dot);
  Match best = Match::kNo;
  for (const std::string& name : dns_names_) {
    if (name == exact) return Match::kExact;
    if (name == wildcard) best = Match::kWildcard;
  }
  return best;
}

bool Identity::Use(SSL* ssl) const {
  std::vector<CRYPTO_BUFFER*> chain;
  chain.reserve(chain_.size());
  for (const auto& certificate : chain_) chain.push_back(certificate.get());
  return SSL_set_chain_and_key(ssl, chain.data(), chain.size(), key_.get(), nullptr) == 1;
}

absl::StatusOr<bssl::UniquePtr<X509_STORE>> LoadRoots(const std::string& file,
                                                      const std::string& pem,
                                                      absl::string_view pem_name) {
  bssl::UniquePtr<X509_STORE> store(X509_STORE_new());
  if (file.empty() && pem.empty())
    return absl::InvalidArgumentError("no certificate to trust is given");
  if (!file.empty()) {
    absl::StatusOr<std::string> text = ReadFile(file);
    if (!text.ok()) return text.status();
    absl::Status status = AddRoots(store.get(), {.text = *std::move(text), .source = file});
    if (!status.ok()) return status;
  }
  if (!pem.empty()) {
    absl::Status status = AddRoots(store.get(), {.text = pem, .source = std::string(pem_name)});
    if (!status.ok()) return status;
  }
  return store;
}

absl::StatusOr<bssl::UniquePtr<X509_STORE>> LoadSystemRoots() {
  // Debian and its derivatives, Fedora and its derivatives, openSUSE, the BSDs and macOS.
  static constexpr const char* kFiles[] = {"/etc/ssl/certs/ca-certificates.crt",
                                           "/etc/pki/tls/certs/ca-bundle.crt",
                                           "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
                                           "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem"};
  if (const char* file = std::getenv("SSL_CERT_FILE"); file != nullptr && *file != '\0') {
    return LoadRoots(file, "", "");
  }
  for (const char* file : kFiles) {
    if (access(file, R_OK) == 0) return LoadRoots(file, "", "");
  }
  return absl::NotFoundError(
      "the system's trusted certificates were not found: install ca-certificates, or set a file");
}

}  // namespace weft
