// The chat client's connection: a Weft client, and the thread that receives.

#ifndef EXAMPLES_CHAT_LINK_H_
#define EXAMPLES_CHAT_LINK_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "examples/chat/session.h"
#include "weft/client/client.h"

namespace weft::chat {

// Connects to `url`, and then passes received messages to `listener`.
absl::StatusOr<std::unique_ptr<Link>> ConnectLink(const std::string& url,
                                                  const ClientOptions& options,
                                                  LinkListener& listener);

}  // namespace weft::chat

#endif  // EXAMPLES_CHAT_LINK_H_
