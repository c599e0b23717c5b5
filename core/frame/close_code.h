// Why a connection ended, as a number (RFC 6455, section 7.4).

#ifndef WEFT_CORE_FRAME_CLOSE_CODE_H_
#define WEFT_CORE_FRAME_CLOSE_CODE_H_

#include <cstdint>

#include "absl/strings/string_view.h"

namespace weft {

// A close code. Applications may use 3000 to 4999 as well: cast the number to CloseCode.
enum class CloseCode : uint16_t {
  kNormal = 1000,              // the purpose of the connection is fulfilled
  kGoingAway = 1001,           // a server shuts down, or a browser leaves the page
  kProtocolError = 1002,       // the peer broke RFC 6455
  kUnsupportedData = 1003,     // e.g. binary sent to an endpoint that only understands text
  kNoStatus = 1005,            // never on the wire: the Close frame carried no code
  kAbnormal = 1006,            // never on the wire: the connection ended without a Close frame
  kInvalidPayload = 1007,      // e.g. text that is not UTF-8
  kPolicyViolation = 1008,     // when no other code fits
  kMessageTooBig = 1009,       // a message over the receiver's limit
  kMandatoryExtension = 1010,  // the client needed an extension that the server did not accept
  kInternalError = 1011,       // the server met something it did not expect
  kServiceRestart = 1012,      // reconnect soon, after a random delay
  kTryAgainLater = 1013,       // the server is overloaded
  kBadGateway = 1014,          // a gateway got a bad answer from its upstream server
  kTlsHandshake = 1015,        // never on the wire: TLS failed
};

// Whether this code is allowed in a Close frame: of 1000 to 2999 only the registered ones, except
// the three that never appear on the wire; 3000 to 4999 always (section 7.4.2 and its IANA
// registry).
constexpr bool IsValidOnWire(CloseCode code) {
  const uint16_t value = static_cast<uint16_t>(code);
  if (value >= 3000) return value <= 4999;
  return value >= 1000 && value <= 1014 && value != 1004 && value != 1005 && value != 1006;
}

// The name of a registered code, such as "going away"; "application defined" for 3000 to 4999 and
// "unknown" for the rest.
constexpr absl::string_view CloseCodeName(CloseCode code) {
  switch (code) {
    case CloseCode::kNormal:
      return "normal closure";
    case CloseCode::kGoingAway:
      return "going away";
    case CloseCode::kProtocolError:
      return "protocol error";
    case CloseCode::kUnsupportedData:
      return "unsupported data";
    case CloseCode::kNoStatus:
      return "no status received";
    case CloseCode::kAbnormal:
      return "abnormal closure";
    case CloseCode::kInvalidPayload:
      return "invalid payload data";
    case CloseCode::kPolicyViolation:
      return "policy violation";
    case CloseCode::kMessageTooBig:
      return "message too big";
    case CloseCode::kMandatoryExtension:
      return "mandatory extension";
    case CloseCode::kInternalError:
      return "internal error";
    case CloseCode::kServiceRestart:
      return "service restart";
    case CloseCode::kTryAgainLater:
      return "try again later";
    case CloseCode::kBadGateway:
      return "bad gateway";
    case CloseCode::kTlsHandshake:
      return "TLS handshake failed";
  }
  const uint16_t value = static_cast<uint16_t>(code);
  return value >= 3000 && value <= 4999 ? "application defined" : "unknown";
}

}  // namespace weft

#endif  // WEFT_CORE_FRAME_CLOSE_CODE_H_
