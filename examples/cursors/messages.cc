#include "examples/cursors/messages.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "examples/bytes.h"
#include "weft/core/frame/utf8.h"

namespace weft::cursors {
namespace {

using examples::ByteReader;
using examples::ByteWriter;

// In place of an age.
constexpr uint8_t kNamed = 254;
constexpr uint8_t kGone = 255;

ByteWriter Begin(MessageType type) {
  ByteWriter out;
  out.U8(static_cast<uint8_t>(type));
  return out;
}

void Write(ByteWriter& out, const Place& place) {
  out.U16(place.x);
  out.U16(place.y);
}

Place ReadPlace(ByteReader& in) {
  const uint16_t x = in.U16();
  return {x, in.U16()};
}

void Write(ByteWriter& out, const Marks& marks) {
  out.U8(static_cast<uint8_t>(marks.clicks << 1 | (marks.pen ? 1 : 0)));
}

Marks ReadMarks(ByteReader& in) {
  const uint8_t marks = in.U8();
  return {.pen = (marks & 1) != 0, .clicks = static_cast<uint8_t>(marks >> 1)};
}

void Write(ByteWriter& out, absl::string_view text) {
  for (const char byte : text) out.U8(static_cast<uint8_t>(byte));
}

std::string ReadText(ByteReader& in, size_t size) {
  std::string text;
  for (; size > 0 && in.ok(); --size) text.push_back(static_cast<char>(in.U8()));
  return text;
}

void Write(ByteWriter& out, const Change& change) {
  out.U16(change.id);
  if (change.gone) {
    out.U8(kGone);
  } else if (change.name.has_value()) {
    out.U8(kNamed);
    out.U8(change.name->bot ? 1 : 0);
    out.U8(static_cast<uint8_t>(change.name->text.size()));
    Write(out, change.name->text);
  } else {
    out.U8(change.age_ms);
    Write(out, change.place);
    Write(out, change.marks);
  }
}

Change ReadChange(ByteReader& in) {
  Change change{.id = in.U16()};
  const uint8_t age = in.U8();
  if (age == kGone) {
    change.gone = true;
  } else if (age == kNamed) {
    change.name = Name{.bot = in.U8() != 0};
    change.name->text = ReadText(in, in.U8());
  } else {
    change.age_ms = age;
    change.place = ReadPlace(in);
    change.marks = ReadMarks(in);
  }
  return change;
}

std::string Encode(MessageType type, uint16_t time_ms, absl::Span<const Change> changes) {
  ByteWriter out = Begin(type);
  out.U16(time_ms);
  for (const Change& change : changes) Write(out, change);
  return std::move(out).Take();
}

absl::Status Malformed(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("a malformed message: ", what));
}

// The message, if it ended where it should.
template <typename AnyMessage>
absl::StatusOr<AnyMessage> AtTheEnd(const ByteReader& in, AnyMessage message) {
  if (!in.ok()) return Malformed("too short");
  if (!in.at_end()) return Malformed("too long");
  return message;
}

}  // namespace

std::string Encode(const Welcome& welcome) {
  ByteWriter out = Begin(MessageType::kWelcome);
  out.U8(welcome.version);
  out.U16(welcome.own);
  Write(out, welcome.name);
  return std::move(out).Take();
}

std::string EncodeAll(uint16_t time_ms, absl::Span<const Change> cursors) {
  return Encode(MessageType::kAll, time_ms, cursors);
}

std::string EncodeChanges(uint16_t time_ms, absl::Span<const Change> changes) {
  return Encode(MessageType::kChanges, time_ms, changes);
}

std::string EncodePong(const Ping& ping) {
  ByteWriter out = Begin(MessageType::kPong);
  out.U8(ping.number);
  return std::move(out).Take();
}

std::string Encode(const Move& move) {
  ByteWriter out = Begin(MessageType::kMove);
  out.U8(move.heard);
  Write(out, move.place);
  Write(out, move.marks);
  return std::move(out).Take();
}

std::string Encode(const Ping& ping) {
  ByteWriter out = Begin(MessageType::kPing);
  out.U8(ping.heard);
  out.U8(ping.number);
  return std::move(out).Take();
}

std::string Encode(const Rename& rename) {
  ByteWriter out = Begin(MessageType::kName);
  Write(out, rename.text);
  return std::move(out).Take();
}

absl::StatusOr<ClientMessage> DecodeClientMessage(absl::string_view message) {
  ByteReader in(message);
  if (in.at_end()) return Malformed("empty");
  const uint8_t type = in.U8();
  switch (static_cast<MessageType>(type)) {
    case MessageType::kMove: {
      const uint8_t heard = in.U8();
      const Place place = ReadPlace(in);
      const Marks marks = ReadMarks(in);
      return AtTheEnd<ClientMessage>(in, Move{heard, place, marks});
    }
    case MessageType::kPing: {
      const uint8_t heard = in.U8();
      const uint8_t number = in.U8();
      return AtTheEnd<ClientMessage>(in, Ping{heard, number});
    }
    case MessageType::kName: {
      const absl::string_view name = message.substr(1);
      if (name.size() > kMaxSentNameBytes) return Malformed("a name that is too long");
      if (!IsValidUtf8(name)) return Malformed("a name that is not UTF-8");
      return Rename{std::string(name)};
    }
    default:
      return Malformed(absl::StrCat("a client does not send type ", int{type}));
  }
}

absl::StatusOr<ServerMessage> DecodeServerMessage(absl::string_view message) {
  ByteReader in(message);
  if (in.at_end()) return Malformed("empty");
  const uint8_t type = in.U8();
  switch (static_cast<MessageType>(type)) {
    case MessageType::kWelcome: {
      const uint8_t version = in.U8();
      const CursorId own = in.U16();
      if (!in.ok()) return Malformed("too short");
      return Welcome{version, own, std::string(message.substr(4))};
    }
    case MessageType::kAll:
    case MessageType::kChanges: {
      Changes changes{.all = static_cast<MessageType>(type) == MessageType::kAll,
                      .time_ms = in.U16()};
      while (in.ok() && !in.at_end()) changes.changes.push_back(ReadChange(in));
      return AtTheEnd<ServerMessage>(in, std::move(changes));
    }
    case MessageType::kPong: {
      const uint8_t number = in.U8();
      return AtTheEnd<ServerMessage>(in, Pong{number});
    }
    default:
      return Malformed(absl::StrCat("a server does not send type ", int{type}));
  }
}

}  // namespace weft::cursors
