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
  std::string key{};     // a guest's secret, the same in all tabs
  std::string sender{};  // the page's id, the same until it is reloaded
  std::string name{};
  std::string since{};   // the position of the last line that it received; empty: it has none yet
  std::string called{};  // the name that it had, if that has a mark or `since` is empty
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
  absl::Time time{};
  std::string name{};  // the sender's name at that time
  std::string text{};
  std::string person{};  // the sender
  // "WRITER.SENDER.N", so that a page recognizes a line that it gets twice, and its own ones. The
  // writer is made from the key of the page, and not from the account of a person who has logged
  // in: at a node that does not know the account, the line has the same id.
  std::string id{};
};

// A person as all see it.
struct PersonName {
  std::string person{};  // made from the secret, which it does not reveal: the same on all nodes
  std::string name{};
};

struct Welcome {
  std::string node{};
  PersonName you{};      // the name may have a mark
  std::string writer{};  // in the ids of the page's lines; for a guest the same as the person
};

// The people of a room at one node. The list with the largest `number` is the latest.
struct People {
  std::string node{};
  uint64_t number = 0;
  std::vector<PersonName> people{};  // in the order of their arrival
};

std::string Encode(const Welcome& welcome);
std::string Encode(const Line& line);
std::string Encode(const People& people);
std::string EncodeTyping(const PersonName& who);
std::string EncodePong();

// The lines that follow are those after this position, each one further.
std::string EncodeAt(absl::string_view position);

// Lines before those that follow are missing, or may be. EncodeAt is next.
std::string EncodeGap(absl::string_view reason);

// A refusal: of the line `n`, or otherwise of the name.
std::string EncodeError(absl::string_view message, std::optional<uint64_t> n = std::nullopt);

}  // namespace weft::chat

#endif  // EXAMPLES_CHAT_MESSAGES_H_
