#include "weft/core/frame/close_payload.h"

#include <cstdint>
#include <cstring>

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

absl::Status CheckClose(CloseCode code, absl::string_view reason) {
  const bool no_status = code == CloseCode::kNoStatus;
  if (!no_status && !IsValidOnWire(code)) {
    return absl::InvalidArgumentError(
        absl::StrCat("close code ", static_cast<int>(code), " must not be sent"));
  }
  if (no_status && !reason.empty()) {
    return absl::InvalidArgumentError("a close reason needs a close code before it");
  }
  if (reason.size() > kMaxCloseReason) {
    return absl::InvalidArgumentError(
        absl::StrCat("a close reason has at most 123 bytes, not ", reason.size()));
  }
  if (!IsValidUtf8(reason)) return absl::InvalidArgumentError("the close reason is not UTF-8");
  return absl::OkStatus();
}

size_t EncodeClosePayload(CloseCode code, absl::string_view reason, char* out) {
  if (code == CloseCode::kNoStatus) return 0;
  out[0] = static_cast<char>(static_cast<uint16_t>(code) >> 8);
  out[1] = static_cast<char>(static_cast<uint16_t>(code) & 0xFF);
  if (!reason.empty()) std::memcpy(out + 2, reason.data(), reason.size());
  return 2 + reason.size();
}

}  // namespace weft
