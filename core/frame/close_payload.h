// The payload of a Close frame (RFC 6455, section 5.5.1): empty, or a code and an optional reason.

#ifndef WEFT_CORE_FRAME_CLOSE_PAYLOAD_H_
#define WEFT_CORE_FRAME_CLOSE_PAYLOAD_H_

#include <string>

#include "absl/strings/string_view.h"
#include "weft/core/frame/close_code.h"
#include "weft/core/frame/frame_rules.h"

namespace weft {

struct ClosePayload {
  CloseCode code = CloseCode::kNoStatus;
  absl::string_view reason{};  // a view into the payload
};

// Splits `payload`, unmasked, whether it is valid or not: fewer than 2 bytes have no code.
ClosePayload DecodeClosePayload(absl::string_view payload);

// The first rule that `payload` breaks, or null. `seen` is set to the offending value, if a short
// text can describe it.
const Violation* CheckClosePayload(absl::string_view payload, std::string* seen);

}  // namespace weft

#endif  // WEFT_CORE_FRAME_CLOSE_PAYLOAD_H_
