#include "examples/cursors/messages.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "examples/bytes.h"

namespace weft::cursors {
namespace {

using examples::ByteReader;
using examples::ByteWriter;

constexpr uint8_t kGone = 255;  // in place of an age

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

Change ReadChange(ByteReader& in) {
  Change change{.id = in.U16()};
  const uint8_t age = in.U8();
  if (age == kGone) {
    change.gone = true;
  } else {
    change.age_ms = age;
    change.place = ReadPlace(in);
  }
  return change;
}

std::string Encode(MessageType type, uint16_t time_ms, absl::Span<const Change> changes) {
  ByteWriter out = Begin(type);
  out.U16(time_ms);
  for (const Change& change : changes) {
    out.U16(change.id);
    out.U8(change.gone ? kGone : change.age_ms);
    if (!change.gone) Write(out, change.place);
  }
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
  return std::move(out).Take();
}

std::string Encode(const Ping& ping) {
  ByteWriter out = Begin(MessageType::kPing);
  out.U8(ping.heard);
  out.U8(ping.number);
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
      return AtTheEnd<ClientMessage>(in, Move{heard, place});
    }
    case MessageType::kPing: {
      const uint8_t heard = in.U8();
      const uint8_t number = in.U8();
      return AtTheEnd<ClientMessage>(in, Ping{heard, number});
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
      return AtTheEnd<ServerMessage>(in, Welcome{version, own});
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
