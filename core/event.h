// The events of a connection.

#ifndef WEFT_CORE_EVENT_H_
#define WEFT_CORE_EVENT_H_

#include <cstdint>

#include "weft/core/frame/close_code.h"
#include "weft/core/message.h"

namespace weft {

// An event is a Message, so that one can be passed on without a copy; the other types use only
// `payload`. `payload` is a view, valid until the next call on the connection that can produce an
// event or take input:
//   kMessage      a whole message, or one piece of it where pieces were asked for
//   kPing, kPong  the ping's or pong's payload
//   kClose        the reason, UTF-8
struct Event : Message {
  enum class Type : uint8_t {
    kMessage,
    kPing,  // its pong is already queued
    kPong,
    kClose,  // the last event of a connection, exactly one
  };

  Type type = Type::kMessage;

  // kClose: the peer's code; kNoStatus when its Close frame had none; kAbnormal when the stream
  // ended without one; or, when the peer broke a rule, the code sent to the peer.
  CloseCode close_code = CloseCode::kNoStatus;
};

}  // namespace weft

#endif  // WEFT_CORE_EVENT_H_
