// The sessions of the rooms' members.

#ifndef EXAMPLES_CHAT_MEMBER_H_
#define EXAMPLES_CHAT_MEMBER_H_

#include <cstddef>
#include <functional>

#include "absl/strings/string_view.h"
#include "examples/chat/login/accounts.h"
#include "examples/chat/rooms.h"
#include "weft/server/acceptor.h"

namespace weft::chat {

// The lines that a plain member may send before its room has its subscription; with more it is
// closed with 1013. Also the messages that any member may send at once (Adjust in chat.h).
inline constexpr size_t kMaxEarly = 100;

// Admits clients with kSubprotocol as pages, and all others as plain members, to the room {id} of
// the path, or without one to that of the front page. For Router::WebSocket of a server whose
// topics have OptionsOf; rooms and accounts must outlive it. `on_line` is called on the loops'
// threads with each line of a member of this node.
//
// A page with a login's cookie (login.h) waits until the database has answered, while its loop
// serves others: it enters as the person of that account, or as a guest if that account is
// gone. Then the cookie, which is for the paths under `prefix`, is deleted.
Acceptor MemberAcceptor(Rooms& rooms, Accounts& accounts,
                        std::function<void(absl::string_view)> on_line,
                        absl::string_view prefix = "");

}  // namespace weft::chat

#endif  // EXAMPLES_CHAT_MEMBER_H_
