#include "weft/core/encoded_message.h"

#include "absl/strings/str_cat.h"
#include "weft/core/frame.h"
#include "weft/core/utf8.h"

namespace weft {

absl::StatusOr<EncodedMessage> EncodedMessage::Make(Opcode opcode, absl::string_view payload) {
  if (opcode != Opcode::kText && opcode != Opcode::kBinary) {
    return absl::InvalidArgumentError(
        absl::StrCat("a message is text or binary, not ", OpcodeName(opcode)));
  }
  if (opcode == Opcode::kText && !IsValidUtf8(payload)) {
    return absl::InvalidArgumentError("the text is not UTF-8");
  }
  char header[kMaxFrameHeaderSize];
  const size_t size =
      EncodeFrameHeader({.opcode = opcode, .payload_length = payload.size()}, header);
  return EncodedMessage(absl::StrCat(absl::string_view(header, size), payload));
}

}  // namespace weft
