#include "weft/core/frame/check_message.h"

#include "absl/strings/str_cat.h"
#include "weft/core/frame/utf8.h"

namespace weft {

absl::Status CheckMessageOpcode(Opcode opcode) {
  if (opcode == Opcode::kText || opcode == Opcode::kBinary) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("a message is text or binary, not ", OpcodeName(opcode)));
}

absl::Status CheckMessage(Opcode opcode, absl::string_view payload) {
  if (opcode == Opcode::kText && !IsValidUtf8(payload)) return TextNotUtf8();
  return CheckMessageOpcode(opcode);
}

absl::Status TextNotUtf8() { return absl::InvalidArgumentError("the text is not UTF-8"); }

}  // namespace weft
