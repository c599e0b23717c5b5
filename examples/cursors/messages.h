// The messages of the cursors as bytes; README.md documents each byte.

#ifndef WEFT_EXAMPLES_CURSORS_MESSAGES_H_
#define WEFT_EXAMPLES_CURSORS_MESSAGES_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace weft::cursors {

inline constexpr uint8_t kProtocolVersion = 2;

// Every message is binary, and its first byte is its type.
enum class MessageType : uint8_t {
  // From the server.
  kWelcome = 1,
  kAll = 2,
  kChanges = 3,
  kPong = 4,
  // From a client.
  kMove = 16,
  kPing = 17,
  kName = 18,
};

using CursorId = uint16_t;

// In 65536ths of the space, from its left and top edges: every window shows the whole space,
// whatever its size.
struct Place {
  uint16_t x = 0;
  uint16_t y = 0;

  friend bool operator==(const Place&, const Place&) = default;
};

// The pen and the clicks of a cursor. State and not events: a client that missed some changes sees
// at the next one whether the pen is down, and that there were clicks since.
struct Marks {
  bool pen = false;    // it draws where it moves
  uint8_t clicks = 0;  // a counter; seven bits

  friend bool operator==(const Marks&, const Marks&) = default;
};

// How others see a cursor. `text` is at most examples::kMaxNameBytes of UTF-8.
struct Name {
  std::string text{};
  bool bot = false;

  friend bool operator==(const Name&, const Name&) = default;
};

// The first message. `name` is the cursor's own, until the client sends another.
struct Welcome {
  uint8_t version = kProtocolVersion;
  CursorId own = 0;
  std::string name{};
};

// The change of one cursor. It takes eight bytes if it moved, three if it left, and five more than
// its text if it got a name.
struct Change {
  CursorId id = 0;
  bool gone = false;
  uint8_t age_ms = 0;  // the time between its move and the message; kMaxAgeMs: that or longer
  Place place{};
  Marks marks{};
  std::optional<Name> name{};  // this change says only this

  friend bool operator==(const Change&, const Change&) = default;
};

inline constexpr uint8_t kMaxAgeMs = 253;

// The changes since the previous message, or all cursors: the client must then forget all others.
struct Changes {
  bool all = false;
  uint16_t time_ms = 0;  // by the server's clock; the low 16 bits
  std::vector<Change> changes{};
};

// `heard` is the number of Changes that the client has received, the low eight bits: only from it
// can the server know how many are in transit or wait in kernel buffers.
struct Move {
  uint8_t heard = 0;
  Place place{};
  Marks marks{};
};

struct Ping {
  uint8_t heard = 0;
  uint8_t number = 0;  // comes back in a pong
};

// The name that a visitor has chosen: valid UTF-8 of at most kMaxSentNameBytes, otherwise as typed.
struct Rename {
  std::string text{};
};

inline constexpr size_t kMaxSentNameBytes = 60;

std::string Encode(const Welcome& welcome);
std::string EncodeAll(uint16_t time_ms, absl::Span<const Change> cursors);
std::string EncodeChanges(uint16_t time_ms, absl::Span<const Change> changes);
std::string EncodePong(const Ping& ping);

std::string Encode(const Move& move);
std::string Encode(const Ping& ping);
std::string Encode(const Rename& rename);

// The error names the problem: an unknown type, or a message that ends too early or too late.
using ClientMessage = std::variant<Move, Ping, Rename>;
absl::StatusOr<ClientMessage> DecodeClientMessage(absl::string_view message);

struct Pong {
  uint8_t number = 0;
};
using ServerMessage = std::variant<Welcome, Changes, Pong>;
absl::StatusOr<ServerMessage> DecodeServerMessage(absl::string_view message);

}  // namespace weft::cursors

#endif  // WEFT_EXAMPLES_CURSORS_MESSAGES_H_
