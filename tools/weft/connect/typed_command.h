// The commands that a person types while connected.

#ifndef TOOLS_WEFT_CONNECT_TYPED_COMMAND_H_
#define TOOLS_WEFT_CONNECT_TYPED_COMMAND_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "weft/core/frame/close_code.h"

namespace weft::cli {

struct TypedCommand {
  enum class Kind {
    kSend,    // `payload`, in the usual type of message
    kBinary,  // `payload`
    kPing,
    kClose,  // with `code` and `payload`
    kHelp,
  };

  Kind kind = Kind::kSend;
  std::string payload{};
  CloseCode code = CloseCode::kNormal;
};

// A line that begins with a slash is a command; of one that begins with two, the first is removed.
// InvalidArgument says what is wrong with a command.
absl::StatusOr<TypedCommand> ParseTyped(absl::string_view line);

// "4000" or "4000 good bye". InvalidArgument for a code that must not be sent, and for a reason
// that does not fit.
absl::Status ParseClose(absl::string_view text, CloseCode* code, std::string* reason);

// The commands, for /help.
absl::string_view TypedHelp();

}  // namespace weft::cli

#endif  // TOOLS_WEFT_CONNECT_TYPED_COMMAND_H_
