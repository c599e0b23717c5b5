// The messages that an application receives.

#ifndef WEFT_CORE_MESSAGE_H_
#define WEFT_CORE_MESSAGE_H_

#include "absl/strings/string_view.h"
#include "weft/core/frame/opcode.h"

namespace weft {

// A message, or one piece of it if ConnectionOptions::stream_messages is set. A view: on a server
// `payload` is valid until the callback that receives it returns, on a client until the next call
// of Receive().
struct Message {
  Opcode opcode = Opcode::kBinary;  // kText or kBinary
  absl::string_view payload;

  // Whether this piece is the first, and the last, of its message. A whole message is both. A piece
  // of text can end inside a code point; all pieces together are valid UTF-8.
  bool first = true;
  bool last = true;

  bool is_text() const { return opcode == Opcode::kText; }
};

}  // namespace weft

#endif  // WEFT_CORE_MESSAGE_H_
