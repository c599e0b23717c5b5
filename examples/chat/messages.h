// The messages between the server and its page, as JSON: README.md has them all.

#ifndef EXAMPLES_CHAT_MESSAGES_H_
#define EXAMPLES_CHAT_MESSAGES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace weft::chat {

// Who asks for this subprotocol speaks JSON; who asks for none, as the client for terminals, speaks
// plain text.
inline constexpr char kSubprotocol[] = "chat.weft.v1";

// ---- From a page. Names and texts are as sent: see text.h ----

// The first message of a connection.
struct Hello {
  std::string key{};     // a secret of the person's, the same in all tabs
  std::string sender{};  // the page's, the same until it is loaded anew
  std::string name{};
  std::string room{};    // which run of the server the page was in; empty: it is new
  uint64_t seen = 0;     // the number of the last line that it saw there
  std::string called{};  // the name with the mark that the room gave it; empty: without a mark
};

// A line. `n` counts the sender's lines, so that one that is sent again is known.
struct Say {
  uint64_t n = 0;
  std::string text{};
};

struct Typing {};

struct Rename {
  std::string name{};
};

struct Ping {};

// InvalidArgument says what is wrong with a message that no page sends.
using PageMessage = std::variant<Hello, Say, Typing, Rename, Ping>;
absl::StatusOr<PageMessage> ParsePageMessage(absl::string_view json);

// ---- From the server ----

struct Line {
  uint64_t number = 0;  // counts the lines of one run of the server, from 1
  absl::Time time{};
  std::string name{};  // who said it was called so then
  std::string text{};
  std::string id{};  // the sender and its n, so that a page knows the line again in the next run;
                     // empty where no page said it
  bool own = false;  // the receiver's
};

struct Welcome {
  std::string room{};
  std::string name{};                 // the receiver's, perhaps with a mark
  std::vector<std::string> people{};  // in the order in which they came
  uint64_t heard = 0;                 // n of the sender's last line that was heard
  uint64_t missed = 0;                // lines that it has not seen and that are no longer kept
  std::vector<Line> lines{};          // those that are
};

std::string Encode(const Welcome& welcome);
std::string Encode(const Line& line);
std::string EncodeJoined(absl::string_view name);
std::string EncodeLeft(absl::string_view name);
std::string EncodeRenamed(absl::string_view from, absl::string_view to);
std::string EncodeTyping(absl::string_view name);
std::string EncodePong();

// What was refused: the line `n`, or else the name.
std::string EncodeError(absl::string_view message, std::optional<uint64_t> n = std::nullopt);

}  // namespace weft::chat

#endif  // EXAMPLES_CHAT_MESSAGES_H_
