// The chat as a part of a server: its rooms, its pages and its accounts.

#ifndef EXAMPLES_CHAT_CHAT_H_
#define EXAMPLES_CHAT_CHAT_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "examples/chat/login/accounts.h"
#include "examples/chat/rooms.h"
#include "weft/server/router.h"
#include "weft/server/server_options.h"

namespace weft::chat {

struct ChatOptions {
  // All nodes as pages reach them ("ws://host:port"), for a page whose node ends; each has the chat
  // under the same prefix. Empty: a page comes back to the address from which it was loaded.
  std::vector<std::string> nodes{};

  bool secure = false;  // the server has TLS: the login's cookie is for TLS only

  // Called on the loops' threads with each line of a member of this node.
  std::function<void(absl::string_view line)> on_line = [](absl::string_view) {};
};

// Owns the rooms and the accounts of one chat. Must outlive the server.
//
//   Chat chat(ChatOptions{});
//   chat.AddTo(router, "/chat");
//   Adjust(server_options);
class Chat {
 public:
  explicit Chat(ChatOptions options);

  // Adds the rooms ("/chat/" and "/chat/rooms/{id}", as endpoints and as pages), the login, and the
  // files of the pages. `prefix` is "" for the root of the server, or "/chat".
  void AddTo(Router& router, absl::string_view prefix);

 private:
  const ChatOptions options_;
  const std::string room_page_;
  Accounts accounts_;
  Rooms rooms_;
};

// Sets the options that the chat needs: clients without gaps, room in their queues, the size and
// the rate of messages, and the options of its topics.
void Adjust(ServerOptions& options);

}  // namespace weft::chat

#endif  // EXAMPLES_CHAT_CHAT_H_
