// The messages between the server and its page, in JSON: README.md documents them.

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

// A client that offers this subprotocol uses JSON; one that offers none, such as the terminal
// client, uses plain text.
inline constexpr char kSubprotocol[] = "chat.weft.v1";

// ---- From a page. Names and texts are unchecked: see text.h ----

// The first message on a connection.
struct Hello {
  std::string key{};     // the person's secret, the same in all tabs
  std::string sender{};  // the page's id, the same until it is reloaded
  std::string name{};
  // the run of the server in which the page was connected; empty: the page is new
  std::string room{};
  uint64_t seen = 0;     // the number of the last line that it received there
  std::string called{};  // the name with the mark that the room added; empty: without a mark
};

// A line. `n` numbers the sender's lines, so that a repeated one is recognized.
struct Say {
  uint64_t n = 0;
  std::string text{};
};

struct Typing {};

struct Rename {
  std::string name{};
};

struct Ping {};

// InvalidArgument describes the error in a message that no page sends.
using PageMessage = std::variant<Hello, Say, Typing, Rename, Ping>;
absl::StatusOr<PageMessage> ParsePageMessage(absl::string_view json);

// ---- From the server ----

struct Line {
  uint64_t number = 0;  // numbers the lines of one run of the server, from 1
  absl::Time time{};
  std::string name{};  // the sender's name at that time
  std::string text{};
  // the sender and its n, so that a page recognizes the line in the next run; empty if no page sent
  // it
  std::string id{};
  bool own = false;  // the receiver's
};

struct Welcome {
  std::string room{};
  std::string name{};                 // the receiver's name, perhaps with a mark
  std::vector<std::string> people{};  // in the order of their arrival
  uint64_t heard = 0;                 // n of the sender's last line that was received
  // lines that the page has not seen and that are no longer kept
  uint64_t missed = 0;
  std::vector<Line> lines{};  // those that are kept
};

std::string Encode(const Welcome& welcome);
std::string Encode(const Line& line);
std::string EncodeJoined(absl::string_view name);
std::string EncodeLeft(absl::string_view name);
std::string EncodeRenamed(absl::string_view from, absl::string_view to);
std::string EncodeTyping(absl::string_view name);
std::string EncodePong();

// A refusal: of the line `n`, or otherwise of the name.
std::string EncodeError(absl::string_view message, std::optional<uint64_t> n = std::nullopt);

}  // namespace weft::chat

#endif  // EXAMPLES_CHAT_MESSAGES_H_
