#include "weft/core/frame/close_payload.h"

#include <cstdint>

#include "absl/strings/str_cat.h"
#include "weft/core/frame/utf8.h"

namespace weft {

ClosePayload DecodeClosePayload(absl::string_view payload) {
  if (payload.size() < 2) return {};
  const uint8_t high = payload[0], low = payload[1];
  return {.code = static_cast<CloseCode>(high << 8 | low), .reason = payload.substr(2)};
}

const Violation* CheckClosePayload(absl::string_view payload, std::string* seen) {
  if (payload.empty()) return nullptr;
  if (payload.size() == 1) {
    *seen = "got 1 byte";
    return &rules::kCloseTooShort;
  }
  const auto [code, reason] = DecodeClosePayload(payload);
  if (!IsValidOnWire(code)) {
    *seen = absl::StrCat("got ", static_cast<int>(code));
    return &rules::kCloseCodeNotAllowed;
  }
  return IsValidUtf8(reason) ? nullptr : &rules::kReasonNotUtf8;
}

}  // namespace weft
