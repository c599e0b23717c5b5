#include "weft/core/frame/fragmented_message.h"

#include "absl/strings/str_cat.h"
#include "weft/core/frame/check_message.h"

namespace weft {

absl::Status FragmentedMessage::Add(Opcode opcode, absl::string_view payload, bool fin) {
  if (absl::Status status = CheckMessageOpcode(opcode); !status.ok()) return status;
  if (open() && opcode != opcode_) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the message in progress is ", OpcodeName(opcode_), ", not ", OpcodeName(opcode)));
  }
  Utf8Validator utf8;
  if (open()) utf8 = utf8_;
  if (opcode == Opcode::kText && !(utf8.Append(payload) && (!fin || utf8.AtBoundary()))) {
    return TextNotUtf8();
  }
  opcode_ = fin ? Opcode::kContinuation : opcode;
  utf8_ = utf8;
  return absl::OkStatus();
}

}  // namespace weft
