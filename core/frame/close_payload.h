// The payload of a Close frame (RFC 6455, section 5.5.1): empty, or a code and an optional reason.

#ifndef WEFT_CORE_FRAME_CLOSE_PAYLOAD_H_
#define WEFT_CORE_FRAME_CLOSE_PAYLOAD_H_

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "weft/core/frame/close_code.h"
#include "weft/core/frame/frame.h"
#include "weft/core/frame/frame_rules.h"

namespace weft {

struct ClosePayload {
  CloseCode code = CloseCode::kNoStatus;
  absl::string_view reason{};  // a view into the payload
};

// ---- Receiving

// Splits `payload`, unmasked, whether it is valid or not: fewer than 2 bytes have no code.
ClosePayload DecodeClosePayload(absl::string_view payload);

// The first rule that `payload` breaks, or null. `seen` is set to the offending value, if a short
// text can describe it.
const Violation* CheckClosePayload(absl::string_view payload, std::string* seen);

// ---- Sending

// The maximum size of a reason, in bytes.
inline constexpr size_t kMaxCloseReason = kMaxControlPayload - 2;

// Whether an application may send this code and reason: a code that is allowed on the wire and a
// reason in UTF-8 of at most kMaxCloseReason bytes, or kNoStatus and no reason, for a Close frame
// without a payload. InvalidArgument says why not.
absl::Status CheckClose(CloseCode code, absl::string_view reason);

// Writes the payload to `out`, which has room for kMaxControlPayload bytes. Returns its size.
size_t EncodeClosePayload(CloseCode code, absl::string_view reason, char* out);

}  // namespace weft

#endif  // WEFT_CORE_FRAME_CLOSE_PAYLOAD_H_
