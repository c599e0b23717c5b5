#include "weft/transport/tls_certificate.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "openssl/asn1.h"
#include "openssl/bio.h"
#include "openssl/mem.h"
#include "openssl/x509.h"
#include "openssl/x509v3.h"

namespace weft {
namespace {

// The text that `print` writes into a BIO.
template <typename Print>
std::string Printed(Print print) {
  bssl::UniquePtr<BIO> bio(BIO_new(BIO_s_mem()));
  const uint8_t* text = nullptr;
  size_t size = 0;
  if (bio == nullptr || !print(bio.get()) || !BIO_mem_contents(bio.get(), &text, &size)) return "";
  return std::string(reinterpret_cast<const char*>(text), size);
}

// XN_FLAG_RFC2253 escapes everything that is not printable ASCII.
std::string NameText(const X509_NAME* name) {
  return Printed(
      [name](BIO* bio) { return X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253) >= 0; });
}

// For an error: one short line.
std::string Short(std::string name) {
  constexpr size_t kShown = 64;  // like Quote() of core/http/quote.h
  if (name.empty()) return "no name";
  if (name.size() > kShown) name.replace(kShown, std::string::npos, "...");
  return name;
}

std::string StringText(const ASN1_STRING* string) {
  return absl::CHexEscape(
      absl::string_view(reinterpret_cast<const char*>(ASN1_STRING_get0_data(string)),
                        static_cast<size_t>(ASN1_STRING_length(string))));
}

// Empty if it is not an address.
std::string IpText(const ASN1_STRING* bytes) {
  const int size = ASN1_STRING_length(bytes);
  if (size != sizeof(in_addr) && size != sizeof(in6_addr)) return "";
  char text[INET6_ADDRSTRLEN];
  const int family = size == sizeof(in_addr) ? AF_INET : AF_INET6;
  return inet_ntop(family, ASN1_STRING_get0_data(bytes), text, sizeof(text));
}

}  // namespace

PeerCertificate ReadCertificate(X509* certificate) {
  PeerCertificate result = {.subject = NameText(X509_get_subject_name(certificate))};
  const bssl::UniquePtr<GENERAL_NAMES> names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (size_t i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    switch (name->type) {
      case GEN_DNS:
        result.dns_names.push_back(StringText(name->d.dNSName));
        break;
      case GEN_IPADD:
        result.ip_addresses.push_back(IpText(name->d.iPAddress));
        break;
      case GEN_EMAIL:
        result.email_addresses.push_back(StringText(name->d.rfc822Name));
        break;
      case GEN_URI:
        result.uris.push_back(StringText(name->d.uniformResourceIdentifier));
        break;
      default:
        break;
    }
  }
  return result;
}

std::string SubjectOf(X509* certificate) {
  return Short(NameText(X509_get_subject_name(certificate)));
}

std::string IssuerOf(X509* certificate) {
  return Short(NameText(X509_get_issuer_name(certificate)));
}

std::string HostsOf(X509* certificate) {
  constexpr size_t kShown = 5;
  PeerCertificate names = ReadCertificate(certificate);
  std::vector<std::string>& hosts = names.dns_names;
  hosts.insert(hosts.end(), names.ip_addresses.begin(), names.ip_addresses.end());
  if (hosts.empty()) return "";
  std::string text = Short(hosts[0]);
  for (size_t i = 1; i < hosts.size(); ++i) {
    if (i == kShown) return absl::StrCat(text, " and ", hosts.size() - i, " more");
    absl::StrAppend(&text, i + 1 == hosts.size() ? " and " : ", ", Short(hosts[i]));
  }
  return text;
}

std::string TimeText(const ASN1_TIME* time) {
  return Printed([time](BIO* bio) { return ASN1_TIME_print(bio, time) != 0; });
}

std::string WhyRefused(int error, X509* certificate, const std::string& host) {
  switch (error) {
    case X509_V_ERR_INVALID_PURPOSE:
      return absl::StrCat("is not for ", host.empty() ? "clients" : "servers");
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH: {
      const std::string hosts = HostsOf(certificate);
      if (hosts.empty()) return absl::StrCat("has no alternative names, so it is not for ", host);
      return absl::StrCat("is for ", hosts, ", not for ", host);
    }
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return absl::StrCat("expired on ", TimeText(X509_get0_notAfter(certificate)));
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return absl::StrCat("is not valid before ", TimeText(X509_get0_notBefore(certificate)));
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      return "is self-signed and not trusted";
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return absl::StrCat("was issued by ", IssuerOf(certificate), ", which is not trusted");
    default:
      return absl::StrCat("was refused: ", X509_verify_cert_error_string(error));
  }
}

}  // namespace weft
