// May the peer send this frame now? RFC 6455's rules for frames, all in one function.

#ifndef WEFT_CORE_FRAME_RULES_H_
#define WEFT_CORE_FRAME_RULES_H_

#include <cstdint>

#include "weft/core/close_code.h"
#include "weft/core/frame.h"

namespace weft {

// Which end of the connection this is: a client masks what it sends, a server does not.
enum class Role : uint8_t { kClient, kServer };

// A rule that was broken: what the peer is told, and where the rule stands.
struct Violation {
  CloseCode code;
  const char* section;  // of RFC 6455
  const char* rule;     // fits a Close frame
};

// What the connection knows when a header arrives.
struct ReceiveState {
  Role role;                // of the receiver
  bool in_message = false;  // a message has begun and its last fragment has not come
  uint32_t fragments = 0;   // of that message so far
  uint32_t max_fragments;
  uint64_t message_bytes = 0;  // of that message so far, never more than max_message_bytes
  uint64_t max_message_bytes;
};

// The first rule that `header` breaks, or null.
const Violation* CheckFrame(const FrameHeader& header, const ReceiveState& state);

}  // namespace weft

#endif  // WEFT_CORE_FRAME_RULES_H_
