// Checks of messages that an application wants to send.

#ifndef WEFT_CORE_FRAME_CHECK_MESSAGE_H_
#define WEFT_CORE_FRAME_CHECK_MESSAGE_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "weft/core/frame/opcode.h"

namespace weft {

// InvalidArgument for an opcode that is neither text nor binary.
absl::Status CheckMessageOpcode(Opcode opcode);

// The same, and InvalidArgument for text that is not UTF-8.
absl::Status CheckMessage(Opcode opcode, absl::string_view payload);

// The error for such text.
absl::Status TextNotUtf8();

}  // namespace weft

#endif  // WEFT_CORE_FRAME_CHECK_MESSAGE_H_
