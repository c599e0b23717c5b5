// The sessions of those who are in the room.

#ifndef EXAMPLES_CHAT_MEMBER_H_
#define EXAMPLES_CHAT_MEMBER_H_

#include "examples/chat/room_thread.h"
#include "weft/server/acceptor.h"

namespace weft::chat {

// Lets into the room who asks for kSubprotocol, as a page, and everybody else as a plain member.
// For Router::WebSocket; `room` must outlive the server.
Acceptor MemberAcceptor(RoomThread& room);

}  // namespace weft::chat

#endif  // EXAMPLES_CHAT_MEMBER_H_
