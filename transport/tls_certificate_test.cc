#include "weft/transport/tls_certificate.h"

#include <algorithm>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "openssl/asn1.h"
#include "openssl/base.h"
#include "openssl/nid.h"
#include "openssl/x509.h"
#include "openssl/x509v3.h"

namespace weft {
namespace {

// An unsigned certificate with the name `name`.
bssl::UniquePtr<X509> CertificateOf(absl::string_view name) {
  bssl::UniquePtr<X509> certificate(X509_new());
  for (X509_NAME* owner :
       {X509_get_subject_name(certificate.get()), X509_get_issuer_name(certificate.get())}) {
    X509_NAME_add_entry_by_NID(owner, NID_organizationName, MBSTRING_ASC,
                               reinterpret_cast<const uint8_t*>(name.data()),
                               static_cast<int>(name.size()), -1, 0);
  }
  bssl::UniquePtr<GENERAL_NAMES> hosts(sk_GENERAL_NAME_new_null());
  GENERAL_NAME* host = GENERAL_NAME_new();
  ASN1_STRING* text = ASN1_STRING_type_new(V_ASN1_IA5STRING);
  ASN1_STRING_set(text, name.data(), static_cast<int>(name.size()));
  GENERAL_NAME_set0_value(host, GEN_DNS, text);
  sk_GENERAL_NAME_push(hosts.get(), host);
  X509_add1_ext_i2d(certificate.get(), NID_subject_alt_name, hosts.get(), 0, 0);
  return certificate;
}

void ExpectReadable(const std::string& text) {
  EXPECT_TRUE(std::all_of(text.begin(), text.end(), absl::ascii_isprint)) << text;
  EXPECT_LE(text.size(), 64u + 3);  // "..."
}

TEST(TlsCertificate, NamesInErrorsAreShortAndPrintable) {
  for (const std::string& name :
       {std::string("\x1b]0;owned\a\x1b[2J\n"), std::string("\x9b 31m \xff\x80"),
        std::string("\0\x7f", 2), std::string(60, '\x9b'), std::string(60, 'x')}) {
    const bssl::UniquePtr<X509> certificate = CertificateOf(name);
    ASSERT_NE(SubjectOf(certificate.get()), "no name");
    ASSERT_NE(HostsOf(certificate.get()), "");
    ExpectReadable(SubjectOf(certificate.get()));
    ExpectReadable(IssuerOf(certificate.get()));
    ExpectReadable(HostsOf(certificate.get()));
  }
}

}  // namespace
}  // namespace weft
