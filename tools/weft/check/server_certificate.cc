#include "tools/weft/check/server_certificate.h"

#include <cstddef>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "openssl/asn1.h"
#include "openssl/err.h"
#include "openssl/ssl.h"
#include "openssl/x509.h"
#include "weft/transport/address.h"
#include "weft/transport/io.h"
#include "weft/transport/tls_certificate.h"
#include "weft/transport/wait.h"

namespace weft::cli {
namespace {

absl::Status Handshake(SSL* ssl, int fd, Deadline deadline) {
  while (true) {
    const int result = SSL_connect(ssl);
    if (result == 1) return absl::OkStatus();
    const int error = SSL_get_error(ssl, result);
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) {
      ERR_clear_error();
      return absl::UnavailableError("the TLS handshake failed");
    }
    const Interest interest = error == SSL_ERROR_WANT_READ ? Interest::kRead : Interest::kWrite;
    if (absl::Status status = Wait(fd, interest, deadline); !status.ok()) return status;
  }
}

ShownCertificate Describe(X509* certificate) {
  ShownCertificate shown = {.subject = SubjectOf(certificate),
                            .issuer = IssuerOf(certificate),
                            .hosts = HostsOf(certificate)};
  const ASN1_TIME* end = X509_get0_notAfter(certificate);
  shown.not_after = TimeText(end);
  int days = 0;
  int seconds = 0;
  if (ASN1_TIME_diff(&days, &seconds, nullptr, end) == 1) {
    shown.days_left = days == 0 && seconds < 0 ? -1 : days;
  }
  return shown;
}

}  // namespace

absl::StatusOr<ShownTls> InspectTls(int fd, const std::string& host, Deadline deadline) {
  const bssl::UniquePtr<SSL_CTX> context(SSL_CTX_new(TLS_method()));
  if (context == nullptr) return absl::ResourceExhaustedError("no memory for TLS");
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
  const bssl::UniquePtr<SSL> ssl(SSL_new(context.get()));
  if (ssl == nullptr || SSL_set_fd(ssl.get(), fd) != 1) {
    return absl::ResourceExhaustedError("no memory for TLS");
  }
  // RFC 6066, section 3: not for addresses.
  if (!SocketAddress::FromIp(host, 0).ok()) SSL_set_tlsext_host_name(ssl.get(), host.c_str());
  if (absl::Status status = Handshake(ssl.get(), fd, deadline); !status.ok()) return status;

  ShownTls shown = {.version = SSL_get_version(ssl.get()),
                    .cipher = SSL_CIPHER_get_name(SSL_get_current_cipher(ssl.get()))};
  const STACK_OF(X509)* chain = SSL_get_peer_cert_chain(ssl.get());
  const size_t count = chain == nullptr ? 0 : sk_X509_num(chain);
  for (size_t i = 0; i < count; ++i) {
    shown.chain.push_back(Describe(sk_X509_value(chain, static_cast<int>(i))));
  }
  return shown;
}

std::string DescribeExpiry(int days_left) {
  const int days = days_left < 0 ? -days_left : days_left;
  const absl::string_view unit = days == 1 ? " day" : " days";
  return days_left < 0 ? absl::StrCat("expired ", days, unit, " ago")
                       : absl::StrCat("expires in ", days, unit);
}

}  // namespace weft::cli
