// The sessions of the room's members.

#ifndef EXAMPLES_CHAT_MEMBER_H_
#define EXAMPLES_CHAT_MEMBER_H_

#include "examples/chat/room_thread.h"
#include "weft/server/acceptor.h"

namespace weft::chat {

// Admits clients with kSubprotocol as pages, and all others as plain members. For
// Router::WebSocket; `room` must outlive the server.
Acceptor MemberAcceptor(RoomThread& room);

}  // namespace weft::chat

#endif  // EXAMPLES_CHAT_MEMBER_H_
