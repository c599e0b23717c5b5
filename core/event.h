// What happened on a connection, as its application sees it.

#ifndef WEFT_CORE_EVENT_H_
#define WEFT_CORE_EVENT_H_

#include <cstdint>

#include "absl/strings/string_view.h"
#include "weft/core/close_code.h"
#include "weft/core/opcode.h"

namespace weft {

struct Event {
  enum class Type : uint8_t {
    kMessage,  // a whole message, or one piece of it where pieces were asked for
    kPing,     // its pong is queued already
    kPong,
    kClose,  // the last event of a connection, exactly one
  };

  Type type = Type::kMessage;

  // kMessage: kText or kBinary.
  Opcode opcode = Opcode::kBinary;

  // kMessage: whether this piece is the first, and the last, of its message. A whole message is
  // both. A piece of text can end inside a code point; all text together is valid UTF-8.
  bool first = true;
  bool last = true;

  // kClose: the peer's code, kNoStatus when its Close frame had none, kAbnormal when the stream
  // ended without one; or, when the peer broke a rule, the code that it was told.
  CloseCode close_code = CloseCode::kNoStatus;

  // kMessage, kPing, kPong: the payload. kClose: the reason, UTF-8. A view, dead at the next call
  // on the connection that can produce an event or take input.
  absl::string_view payload;
};

}  // namespace weft

#endif  // WEFT_CORE_EVENT_H_
