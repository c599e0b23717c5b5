// The state of a connection's closing handshake (RFC 6455, sections 5.5.1 and 7.1.2).

#ifndef WEFT_CORE_FRAME_CLOSING_HANDSHAKE_H_
#define WEFT_CORE_FRAME_CLOSING_HANDSHAKE_H_

#include <cstdint>

namespace weft {

// The class comment of Connection has a table of the transitions.
enum class ClosingState : uint8_t {
  kOpen,
  kCloseSent,  // this end closed; the peer's Close frame is awaited
  kCloseOwed,  // the peer closed or broke a rule; this end's Close frame follows later
  kClosed,     // no frame is sent or accepted
};

constexpr bool MaySend(ClosingState state) {
  return state == ClosingState::kOpen || state == ClosingState::kCloseOwed;
}

constexpr bool MayReceive(ClosingState state) {
  return state == ClosingState::kOpen || state == ClosingState::kCloseSent;
}

}  // namespace weft

#endif  // WEFT_CORE_FRAME_CLOSING_HANDSHAKE_H_
