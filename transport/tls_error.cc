#include "weft/transport/tls_error.h"

#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "openssl/err.h"
#include "openssl/ssl.h"

namespace weft {
namespace {

// The types of records that a handshake may begin with (RFC 8446, section 5.1).
constexpr char kAlert = 21;
constexpr char kHandshake = 22;

// An alert that ended the connection (RFC 8446, section 6.2).
absl::Status DescribeAlert(int alert, const TlsPeer& peer) {
  const std::string name = peer.name();
  switch (alert) {
    case SSL_AD_CERTIFICATE_REQUIRED:
      return absl::UnauthenticatedError(
          absl::StrCat(name, " requires a certificate, but none is configured"));
    case SSL_AD_UNKNOWN_CA:
      return absl::UnauthenticatedError(
          absl::StrCat(name, " does not trust the issuer of our certificate"));
    case SSL_AD_CERTIFICATE_EXPIRED:
      return absl::UnauthenticatedError(
          absl::StrCat(name, " refuses our certificate: it has expired"));
    case SSL_AD_CERTIFICATE_REVOKED:
      return absl::UnauthenticatedError(
          absl::StrCat(name, " refuses our certificate: it was revoked"));
    case SSL_AD_BAD_CERTIFICATE:
    case SSL_AD_UNSUPPORTED_CERTIFICATE:
    case SSL_AD_CERTIFICATE_UNKNOWN:
    case SSL_AD_ACCESS_DENIED:
      return absl::UnauthenticatedError(
          absl::StrCat(name, " refuses our certificate (", SSL_alert_desc_string_long(alert), ")"));
    case SSL_AD_PROTOCOL_VERSION:
      if (peer.established) break;
      return absl::FailedPreconditionError(
          absl::StrCat(name, " supports no version of TLS that we support"));
    case SSL_AD_HANDSHAKE_FAILURE:
      if (peer.wants_certificate && !peer.got_certificate) {
        return absl::UnauthenticatedError(absl::StrCat(
            name, " refused the handshake: it asks for a certificate, but none is configured"));
      }
      return absl::FailedPreconditionError(
          absl::StrCat(name, " refused the handshake: it accepts none of our ciphers or keys"));
    case SSL_AD_UNRECOGNIZED_NAME:
      return absl::FailedPreconditionError(
          absl::StrCat(name, " has no certificate for ", peer.host));
    case SSL_AD_NO_APPLICATION_PROTOCOL:
      return absl::FailedPreconditionError(absl::StrCat(name, " does not speak HTTP/1.1 (ALPN)"));
    default:
      break;
  }
  return absl::UnavailableError(
      absl::StrCat(name, " ended TLS with the alert \"", SSL_alert_desc_string_long(alert), "\""));
}

}  // namespace

std::string TlsReason(uint32_t error) {
  const char* reason = ERR_reason_error_string(error);
  if (reason == nullptr) return "unknown error";
  return absl::StrReplaceAll(absl::AsciiStrToLower(reason), {{"_", " "}});
}

absl::Status DescribeTlsError(uint32_t error, const TlsPeer& peer) {
  const std::string name = peer.name();
  const int reason = ERR_GET_REASON(error);
  if (ERR_GET_LIB(error) == ERR_LIB_SSL && reason >= SSL_AD_REASON_OFFSET) {
    return DescribeAlert(reason - SSL_AD_REASON_OFFSET, peer);
  }
  if (ERR_GET_LIB(error) == ERR_LIB_SSL) {
    switch (reason) {
      case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
        return absl::UnauthenticatedError(
            absl::StrCat(name, " has no certificate, but one is required"));
      case SSL_R_UNSUPPORTED_PROTOCOL:
        return absl::FailedPreconditionError(
            absl::StrCat(name, " supports no version of TLS that we support"));
      case SSL_R_NO_SHARED_CIPHER:
      case SSL_R_NO_SHARED_GROUP:
      case SSL_R_NO_COMMON_SIGNATURE_ALGORITHMS:
      case SSL_R_WRONG_CIPHER_RETURNED:
        return absl::FailedPreconditionError(
            absl::StrCat(name, " accepts none of our ciphers or keys"));
      case SSL_R_NO_APPLICATION_PROTOCOL:
        return absl::FailedPreconditionError(absl::StrCat(name, " does not offer HTTP/1.1 (ALPN)"));
      case SSL_R_NO_RENEGOTIATION:
        return absl::UnavailableError(
            absl::StrCat(name, " asked to renegotiate, which is refused"));
      default:
        break;
    }
  }
  return absl::UnavailableError(
      absl::StrCat(name, " broke the rules of TLS (", TlsReason(error), ")"));
}

absl::Status CheckFirstBytes(absl::string_view bytes, TlsPeer& peer) {
  constexpr size_t kShown = 20;
  if (bytes.empty() || bytes.front() == kHandshake || bytes.front() == kAlert) {
    return absl::OkStatus();
  }
  if (peer.is_server) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the server does not speak TLS; is it ws:// or http:// rather than wss:// or https://? "
        "(it sent \"",
        absl::CHexEscape(bytes.substr(0, kShown)), "\")"));
  }
  // TLS asks for five bytes at first.
  if (absl::StartsWith(bytes, "PROXY") || absl::StartsWith(bytes, "\r\n\r\n")) {
    return absl::FailedPreconditionError(
        "the client begins with a header of the PROXY protocol, where this port expects TLS: allow "
        "it by ServerOptions::proxies, or turn it off at the proxy");
  }
  peer.speaks_http = absl::ascii_isupper(static_cast<unsigned char>(bytes.front()));
  if (peer.speaks_http) {
    return absl::FailedPreconditionError(
        "the client speaks plain HTTP; this port expects TLS (https:// or wss://)");
  }
  return absl::FailedPreconditionError(
      absl::StrCat("the client does not speak TLS, which this port expects (it sent \"",
                   absl::CHexEscape(bytes.substr(0, kShown)), "\")"));
}

absl::Status DescribeTruncation(const TlsPeer& peer) {
  return absl::UnavailableError(
      peer.established
          ? absl::StrCat(peer.name(),
                         " ended the stream without TLS's close_notify: its last "
                         "bytes may be missing")
          : absl::StrCat(peer.name(), " closed the connection during the TLS handshake"));
}

}  // namespace weft
