// The messages of the world as bytes; README.md documents each byte.

#ifndef WEFT_EXAMPLES_WORLD_MESSAGES_H_
#define WEFT_EXAMPLES_WORLD_MESSAGES_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "examples/world/avatar.h"
#include "examples/world/kind.h"
#include "examples/world/match.h"
#include "examples/world/state.h"
#include "examples/world/team.h"

namespace weft::world {

inline constexpr uint8_t kProtocolVersion = 2;

// Every message is binary, and its first byte is its type.
enum class MessageType : uint8_t {
  // From the server.
  kWelcome = 1,
  kSnapshot = 2,
  kFigures = 3,
  kPong = 4,
  kScore = 5,
  kNames = 6,
  // From a client.
  kInput = 16,
  kAcknowledgement = 17,
  kPing = 18,
  kName = 19,
};

// The first message.
struct Welcome {
  uint8_t version = kProtocolVersion;
  EntityId avatar = kNoEntity;  // the client's own avatar
  Team team = Team::kSun;
};

// The part of every snapshot about the client itself.
struct SnapshotHead {
  uint16_t number = 0;  // the low 16 bits; each client's snapshots count from 1
  uint8_t behind = 0;   // the last acknowledged snapshot is this many numbers before; 0: none
  uint16_t tick = 0;    // of the simulation, the low 16 bits
  uint8_t input = 0;    // the input that moves the avatar, and for how many ticks it has done so
  uint8_t input_ticks = 0;
  Place place{};     // of the avatar
  Place velocity{};  // units per second
  EntityId carried = kNoEntity;

  friend bool operator==(const SnapshotHead&, const SnapshotHead&) = default;
};

struct Update {
  EntityId id;
  State state;
};

struct Snapshot {
  SnapshotHead head{};
  std::vector<EntityId> gone{};   // out of sight: to be forgotten. Ascending
  std::vector<Update> updates{};  // ascending
};

// Statistics of the server, sent once per second.
struct Figures {
  uint16_t tick_median = 0;  // the duration of a tick, in 10 us
  uint16_t tick_p99 = 0;
  uint16_t bodies = 0;
  uint16_t awake = 0;
  uint16_t players = 0;

  friend bool operator==(const Figures&, const Figures&) = default;
};

// A player as others see it. `name` is at most examples::kMaxNameBytes of UTF-8.
struct PlayerName {
  EntityId avatar = kNoEntity;
  Team team = Team::kSun;
  std::string name{};

  friend bool operator==(const PlayerName&, const PlayerName&) = default;
};

// A player's controls for kTicksPerSnapshot ticks.
struct Input {
  uint8_t number = 0;  // a counter that wraps
  Controls controls{};
};

struct Acknowledgement {
  uint16_t snapshot = 0;  // its number
};

struct Ping {
  uint16_t number = 0;  // returned in a Pong
};

// The name that a player has chosen.
struct Name {
  std::string name{};
};

// An entity's state in the last acknowledged snapshot, or null.
using StateLookup = absl::FunctionRef<const State*(EntityId)>;

std::string Encode(const Welcome& welcome);
std::string Encode(const Snapshot& snapshot, StateLookup acknowledged);
std::string Encode(const Figures& figures);
std::string EncodePong(const Ping& ping);
std::string Encode(const Score& score);
std::string EncodeNames(absl::Span<const PlayerName> names);

std::string Encode(const Input& input);
std::string Encode(const Acknowledgement& acknowledgement);
std::string Encode(const Ping& ping);
std::string Encode(const Name& name);

// The maximum size of a snapshot is the sum of these, as long as at most kMaxGone are gone: one
// byte is enough for their number.
inline constexpr size_t kMaxGone = 127;
size_t EncodedSize(const SnapshotHead& head);
size_t MaxEncodedSize(EntityId gone);
size_t MaxEncodedSize(const Update& update, const State* acknowledged);

// In a message of names.
size_t EncodedNameSize(const PlayerName& name);

// The error has the message's unknown type, or says that it ends too early or too late.
absl::StatusOr<MessageType> TypeOf(absl::string_view message);
absl::StatusOr<Welcome> DecodeWelcome(absl::string_view message);
// Only the head: its `behind` names the base of the differences.
absl::StatusOr<SnapshotHead> DecodeSnapshotHead(absl::string_view message);
absl::StatusOr<Snapshot> DecodeSnapshot(absl::string_view message, StateLookup acknowledged);
absl::StatusOr<Figures> DecodeFigures(absl::string_view message);
absl::StatusOr<Ping> DecodePong(absl::string_view message);
absl::StatusOr<Score> DecodeScore(absl::string_view message);
absl::StatusOr<std::vector<PlayerName>> DecodeNames(absl::string_view message);

// A name is valid UTF-8 of at most kMaxSentNameBytes, otherwise as the client typed it.
inline constexpr size_t kMaxSentNameBytes = 60;
using ClientMessage = std::variant<Input, Acknowledgement, Ping, Name>;
absl::StatusOr<ClientMessage> DecodeClientMessage(absl::string_view message);

}  // namespace weft::world

#endif  // WEFT_EXAMPLES_WORLD_MESSAGES_H_
