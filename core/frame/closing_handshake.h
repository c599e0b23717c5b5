// The state of a connection's closing handshake (RFC 6455, sections 5.5.1 and 7.1.2).

#ifndef WEFT_CORE_FRAME_CLOSING_HANDSHAKE_H_
#define WEFT_CORE_FRAME_CLOSING_HANDSHAKE_H_

#include <cstdint>

namespace weft {

// A Connection's state, and what it still does in it.
//
//   state       events  sends  left by
//   open        yes     yes    SendClose, the peer's Close, a broken rule, Refuse, end of stream
//   close sent  yes     no     the peer's Close, a broken rule, Refuse, end of stream
//   close owed  no      yes    AnswerClose, SendClose; see Connection::set_answers_close_later
//   closed      no      no     nothing; Connection::done() when all is written
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
