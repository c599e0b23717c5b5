// The commands of the chat client while it is not connected.

#ifndef EXAMPLES_CHAT_COMMANDS_H_
#define EXAMPLES_CHAT_COMMANDS_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace weft::chat {

enum class CommandId { kConnect, kDisconnect, kExit, kHelp };

// The command with exactly this name, if there is one.
std::optional<CommandId> FindCommand(absl::string_view name);

// "Usage:" and one line per command.
std::string Usage();

}  // namespace weft::chat

#endif  // EXAMPLES_CHAT_COMMANDS_H_
