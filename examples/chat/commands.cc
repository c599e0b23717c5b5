#include "examples/chat/commands.h"

#include "absl/strings/str_cat.h"

namespace weft::chat {
namespace {

struct Command {
  CommandId id;
  absl::string_view name;
  absl::string_view what_it_does;
};

constexpr Command kCommands[] = {
    {CommandId::kConnect, "connect", "Connect to the server"},
    {CommandId::kDisconnect, "__disconnect", "Disconnect from the server"},
    {CommandId::kExit, "exit", "Exit the program"},
    {CommandId::kHelp, "help", "Prints usage guide"},
};

}  // namespace

std::optional<CommandId> FindCommand(absl::string_view name) {
  for (const Command& command : kCommands) {
    if (command.name == name) return command.id;
  }
  return std::nullopt;
}

std::string Usage() {
  std::string text = "Usage:\n";
  for (const Command& command : kCommands) {
    absl::StrAppend(&text, "\t", command.name, ": ", command.what_it_does, "\n");
  }
  return text;
}

}  // namespace weft::chat
