#include "examples/world/messages.h"

#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "examples/bytes.h"
#include "weft/core/frame/utf8.h"

namespace weft::world {
namespace {

using examples::ByteReader;
using examples::ByteWriter;

// The parts of an update that follow.
enum UpdateFlags : uint8_t {
  kX = 1,
  kY = 2,
  kZ = 4,
  kRotation = 8,
  kWhole = 16,  // the full state, no differences
};

// Ids ascend: each is encoded as the distance from the previous one plus one.
class IdGaps {
 public:
  uint32_t GapTo(EntityId id) {
    const uint32_t gap = id - next_;
    next_ = id + 1u;
    return gap;
  }
  std::optional<EntityId> IdBehind(uint32_t gap) {
    if (gap >= kNoEntity - next_) return std::nullopt;
    next_ += gap + 1;
    return static_cast<EntityId>(next_ - 1);
  }

 private:
  uint32_t next_ = 0;
};

ByteWriter Begin(MessageType type) {
  ByteWriter out;
  out.U8(static_cast<uint8_t>(type));
  return out;
}

void Write(ByteWriter& out, const Place& place) {
  out.I16(place.x);
  out.I16(place.y);
  out.I16(place.z);
}

Place ReadPlace(ByteReader& in) {
  const int16_t x = in.I16();
  const int16_t y = in.I16();
  return {x, y, in.I16()};
}

void WriteRotation(ByteWriter& out, const State& state) {
  if (state.kind == Kind::kAvatar) {
    out.U8(static_cast<uint8_t>(state.rotation));
  } else {
    out.U32(state.rotation);
  }
}

uint32_t ReadRotation(ByteReader& in, Kind kind) {
  return kind == Kind::kAvatar ? in.U8() : in.U32();
}

void WriteState(ByteWriter& out, const State& state, const State* acknowledged) {
  // Ids are reused: one that was a ball for the client may have become an avatar.
  if (acknowledged == nullptr || acknowledged->kind != state.kind) {
    out.U8(kWhole);
    out.U8(static_cast<uint8_t>(state.kind));
    Write(out, state.place);
    WriteRotation(out, state);
    return;
  }
  const int dx = state.place.x - acknowledged->place.x;
  const int dy = state.place.y - acknowledged->place.y;
  const int dz = state.place.z - acknowledged->place.z;
  const bool turned = state.rotation != acknowledged->rotation;
  out.U8(static_cast<uint8_t>((dx != 0 ? kX : 0) | (dy != 0 ? kY : 0) | (dz != 0 ? kZ : 0) |
                              (turned ? kRotation : 0)));
  if (dx != 0) out.SignedVarint(dx);
  if (dy != 0) out.SignedVarint(dy);
  if (dz != 0) out.SignedVarint(dz);
  if (turned) WriteRotation(out, state);
}

// Nothing if it is invalid: an unknown kind, or a difference without a base.
std::optional<State> ReadState(ByteReader& in, const State* acknowledged) {
  const uint8_t flags = in.U8();
  if (flags == kWhole) {
    const uint8_t kind = in.U8();
    if (kind >= kKinds) return std::nullopt;
    State state{.kind = static_cast<Kind>(kind), .place = ReadPlace(in)};
    state.rotation = ReadRotation(in, state.kind);
    return state;
  }
  if (flags > kWhole || acknowledged == nullptr) return std::nullopt;
  State state = *acknowledged;
  const auto add = [&](int16_t& number) {
    number = static_cast<int16_t>(number + in.SignedVarint());
  };
  if ((flags & kX) != 0) add(state.place.x);
  if ((flags & kY) != 0) add(state.place.y);
  if ((flags & kZ) != 0) add(state.place.z);
  if ((flags & kRotation) != 0) state.rotation = ReadRotation(in, state.kind);
  return state;
}

void Write(ByteWriter& out, const SnapshotHead& head) {
  out.U16(head.number);
  out.U8(head.behind);
  out.U16(head.tick);
  out.U8(head.input);
  out.U8(head.input_ticks);
  Write(out, head.place);
  Write(out, head.velocity);
  out.U16(head.carried);
}

SnapshotHead ReadHead(ByteReader& in) {
  SnapshotHead head;
  head.number = in.U16();
  head.behind = in.U8();
  head.tick = in.U16();
  head.input = in.U8();
  head.input_ticks = in.U8();
  head.place = ReadPlace(in);
  head.velocity = ReadPlace(in);
  head.carried = in.U16();
  return head;
}

constexpr uint8_t kNoGoal = 0;  // otherwise the number of the team plus one

std::optional<Team> TeamOf(uint8_t number) {
  if (number >= kTeams) return std::nullopt;
  return static_cast<Team>(number);
}

absl::Status Malformed(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("a malformed message: ", what));
}

// Reads the type, which must be this one; ReadToTheEnd checks the end.
absl::StatusOr<ByteReader> Open(absl::string_view message, MessageType wanted) {
  const absl::StatusOr<MessageType> type = TypeOf(message);
  if (!type.ok()) return type.status();
  if (*type != wanted) {
    return Malformed(
        absl::StrCat("type ", static_cast<int>(*type), " instead of ", static_cast<int>(wanted)));
  }
  return ByteReader(message.substr(1));
}

template <typename T>
absl::StatusOr<T> ReadToTheEnd(const ByteReader& in, T value) {
  if (!in.ok()) return Malformed("too short");
  if (!in.at_end()) return Malformed("too long");
  return value;
}

size_t VarintSize(uint32_t value) {
  ByteWriter out;
  out.Varint(value);
  return out.size();
}

}  // namespace

std::string Encode(const Welcome& welcome) {
  ByteWriter out = Begin(MessageType::kWelcome);
  out.U8(welcome.version);
  out.U16(welcome.avatar);
  out.U8(static_cast<uint8_t>(welcome.team));
  return std::move(out).Take();
}

std::string Encode(const Snapshot& snapshot, StateLookup acknowledged) {
  ByteWriter out = Begin(MessageType::kSnapshot);
  Write(out, snapshot.head);
  out.Varint(static_cast<uint32_t>(snapshot.gone.size()));
  IdGaps gone;
  for (const EntityId id : snapshot.gone) out.Varint(gone.GapTo(id));
  IdGaps updated;
  for (const Update& update : snapshot.updates) {
    out.Varint(updated.GapTo(update.id));
    WriteState(out, update.state, acknowledged(update.id));
  }
  return std::move(out).Take();
}

std::string Encode(const Figures& figures) {
  ByteWriter out = Begin(MessageType::kFigures);
  out.U16(figures.tick_median);
  out.U16(figures.tick_p99);
  out.U16(figures.bodies);
  out.U16(figures.awake);
  out.U16(figures.players);
  return std::move(out).Take();
}

std::string EncodePong(const Ping& ping) {
  ByteWriter out = Begin(MessageType::kPong);
  out.U16(ping.number);
  return std::move(out).Take();
}

std::string Encode(const Score& score) {
  ByteWriter out = Begin(MessageType::kScore);
  for (const uint8_t points : score.points) out.U8(points);
  out.U8(score.goal.has_value() ? static_cast<uint8_t>(static_cast<int>(*score.goal) + 1)
                                : kNoGoal);
  out.U16(score.scorer);
  return std::move(out).Take();
}

std::string EncodeNames(absl::Span<const PlayerName> names) {
  ByteWriter out = Begin(MessageType::kNames);
  for (const PlayerName& player : names) {
    out.U16(player.avatar);
    out.U8(static_cast<uint8_t>(player.team));
    out.U8(static_cast<uint8_t>(player.name.size()));
    for (const char byte : player.name) out.U8(static_cast<uint8_t>(byte));
  }
  return std::move(out).Take();
}

size_t EncodedNameSize(const PlayerName& name) { return 4 + name.name.size(); }

std::string Encode(const Input& input) {
  ByteWriter out = Begin(MessageType::kInput);
  out.U8(input.number);
  out.U8(static_cast<uint8_t>(input.controls.move_x));
  out.U8(static_cast<uint8_t>(input.controls.move_z));
  out.U8(input.controls.yaw);
  out.U8(input.controls.act ? 1 : 0);
  return std::move(out).Take();
}

std::string Encode(const Acknowledgement& acknowledgement) {
  ByteWriter out = Begin(MessageType::kAcknowledgement);
  out.U16(acknowledgement.snapshot);
  return std::move(out).Take();
}

std::string Encode(const Ping& ping) {
  ByteWriter out = Begin(MessageType::kPing);
  out.U16(ping.number);
  return std::move(out).Take();
}

std::string Encode(const Name& name) {
  return absl::StrCat(std::string(1, static_cast<char>(MessageType::kName)), name.name);
}

size_t EncodedSize(const SnapshotHead& head) {
  ByteWriter out = Begin(MessageType::kSnapshot);
  Write(out, head);
  out.Varint(0);
  return out.size();
}

// A gap is never longer than the id itself.
size_t MaxEncodedSize(EntityId gone) { return VarintSize(gone); }

size_t MaxEncodedSize(const Update& update, const State* acknowledged) {
  ByteWriter out;
  out.Varint(update.id);
  WriteState(out, update.state, acknowledged);
  return out.size();
}

absl::StatusOr<MessageType> TypeOf(absl::string_view message) {
  if (message.empty()) return Malformed("empty");
  const auto type = static_cast<uint8_t>(message.front());
  const auto known = [&](MessageType first, MessageType last) {
    return type >= static_cast<uint8_t>(first) && type <= static_cast<uint8_t>(last);
  };
  if (!known(MessageType::kWelcome, MessageType::kNames) &&
      !known(MessageType::kInput, MessageType::kName)) {
    return Malformed(absl::StrCat("unknown type ", static_cast<int>(type)));
  }
  return static_cast<MessageType>(type);
}

absl::StatusOr<Welcome> DecodeWelcome(absl::string_view message) {
  absl::StatusOr<ByteReader> in = Open(message, MessageType::kWelcome);
  if (!in.ok()) return in.status();
  Welcome welcome{.version = in->U8()};
  welcome.avatar = in->U16();
  // Of another version the rest is unknown.
  if (welcome.version != kProtocolVersion) return welcome;
  const std::optional<Team> team = TeamOf(in->U8());
  if (!team.has_value()) return Malformed("an unknown team");
  welcome.team = *team;
  return ReadToTheEnd(*in, welcome);
}

absl::StatusOr<SnapshotHead> DecodeSnapshotHead(absl::string_view message) {
  absl::StatusOr<ByteReader> in = Open(message, MessageType::kSnapshot);
  if (!in.ok()) return in.status();
  const SnapshotHead head = ReadHead(*in);
  if (!in->ok()) return Malformed("too short");
  return head;
}

absl::StatusOr<Snapshot> DecodeSnapshot(absl::string_view message, StateLookup acknowledged) {
  absl::StatusOr<ByteReader> in = Open(message, MessageType::kSnapshot);
  if (!in.ok()) return in.status();
  Snapshot snapshot{.head = ReadHead(*in)};
  IdGaps gone;
  for (uint32_t left = in->Varint(); left > 0 && in->ok(); --left) {
    const std::optional<EntityId> id = gone.IdBehind(in->Varint());
    if (!id.has_value()) return Malformed("an invalid id");
    snapshot.gone.push_back(*id);
  }
  IdGaps updated;
  while (in->ok() && !in->at_end()) {
    const std::optional<EntityId> id = updated.IdBehind(in->Varint());
    if (!id.has_value()) return Malformed("an invalid id");
    const std::optional<State> state = ReadState(*in, acknowledged(*id));
    if (!in->ok()) break;
    if (!state.has_value()) return Malformed(absl::StrCat("an invalid state of ", *id));
    snapshot.updates.push_back({*id, *state});
  }
  return ReadToTheEnd(*in, std::move(snapshot));
}

absl::StatusOr<Figures> DecodeFigures(absl::string_view message) {
  absl::StatusOr<ByteReader> in = Open(message, MessageType::kFigures);
  if (!in.ok()) return in.status();
  Figures figures{.tick_median = in->U16()};
  figures.tick_p99 = in->U16();
  figures.bodies = in->U16();
  figures.awake = in->U16();
  figures.players = in->U16();
  return ReadToTheEnd(*in, figures);
}

absl::StatusOr<Ping> DecodePong(absl::string_view message) {
  absl::StatusOr<ByteReader> in = Open(message, MessageType::kPong);
  if (!in.ok()) return in.status();
  const Ping ping{in->U16()};
  return ReadToTheEnd(*in, ping);
}

absl::StatusOr<Score> DecodeScore(absl::string_view message) {
  absl::StatusOr<ByteReader> in = Open(message, MessageType::kScore);
  if (!in.ok()) return in.status();
  Score score;
  for (uint8_t& points : score.points) points = in->U8();
  const uint8_t goal = in->U8();
  if (goal != kNoGoal) {
    score.goal = TeamOf(goal - 1);
    if (!score.goal.has_value()) return Malformed("an unknown team");
  }
  score.scorer = in->U16();
  return ReadToTheEnd(*in, score);
}

absl::StatusOr<std::vector<PlayerName>> DecodeNames(absl::string_view message) {
  absl::StatusOr<ByteReader> in = Open(message, MessageType::kNames);
  if (!in.ok()) return in.status();
  std::vector<PlayerName> names;
  while (in->ok() && !in->at_end()) {
    PlayerName player{.avatar = in->U16()};
    const std::optional<Team> team = TeamOf(in->U8());
    if (!team.has_value()) return Malformed("an unknown team");
    player.team = *team;
    for (uint8_t left = in->U8(); left > 0 && in->ok(); --left) {
      player.name.push_back(static_cast<char>(in->U8()));
    }
    names.push_back(std::move(player));
  }
  return ReadToTheEnd(*in, std::move(names));
}

absl::StatusOr<ClientMessage> DecodeClientMessage(absl::string_view message) {
  const absl::StatusOr<MessageType> type = TypeOf(message);
  if (!type.ok()) return type.status();
  ByteReader in(message.substr(1));
  switch (*type) {
    case MessageType::kInput: {
      Input input{.number = in.U8()};
      input.controls.move_x = static_cast<int8_t>(in.U8());
      input.controls.move_z = static_cast<int8_t>(in.U8());
      input.controls.yaw = in.U8();
      const uint8_t buttons = in.U8();
      if (buttons > 1) return Malformed("an unknown button");
      input.controls.act = buttons == 1;
      return ReadToTheEnd<ClientMessage>(in, input);
    }
    case MessageType::kAcknowledgement: {
      const Acknowledgement acknowledgement{in.U16()};
      return ReadToTheEnd<ClientMessage>(in, acknowledgement);
    }
    case MessageType::kPing: {
      const Ping ping{in.U16()};
      return ReadToTheEnd<ClientMessage>(in, ping);
    }
    case MessageType::kName: {
      const absl::string_view name = message.substr(1);
      if (name.size() > kMaxSentNameBytes) return Malformed("a name that is too long");
      if (!IsValidUtf8(name)) return Malformed("a name that is not UTF-8");
      return Name{std::string(name)};
    }
    default:
      return Malformed(
          absl::StrCat("type ", static_cast<int>(*type), " is only sent by the server"));
  }
}

}  // namespace weft::world
