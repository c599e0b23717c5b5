#include "examples/inspect/fields.h"

#include <cstdint>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "weft/core/frame/close_code.h"
#include "weft/core/frame/close_payload.h"
#include "weft/core/frame/frame.h"
#include "weft/core/frame/opcode.h"

namespace examples {
namespace {

using weft::Opcode;
namespace bits = weft::internal;

// Adds one field after the other, and tracks where each begins.
class FieldList {
 public:
  Field& Add(absl::string_view name, size_t bits, std::string value, std::string meaning,
             absl::string_view section) {
    fields_.push_back({.name = std::string(name),
                       .first_bit = next_bit_,
                       .bits = bits,
                       .value = std::move(value),
                       .meaning = std::move(meaning),
                       .section = std::string(section)});
    next_bit_ += bits;
    return fields_.back();
  }

  std::vector<Field> Take() { return std::move(fields_); }

 private:
  std::vector<Field> fields_;
  size_t next_bit_ = 0;
};

std::string Bit(bool set) { return set ? "1" : "0"; }

std::string Bytes(uint64_t count) { return absl::StrCat(count, count == 1 ? " byte" : " bytes"); }

const char* MeaningOf(Opcode opcode) {
  switch (opcode) {
    case Opcode::kContinuation:
      return "continuation: the next part of the message that an earlier frame started";
    case Opcode::kText:
      return "text: the message is UTF-8";
    case Opcode::kBinary:
      return "binary: the message is bytes, with a meaning that both ends agreed on";
    case Opcode::kClose:
      return "close: the sender will send no more, and waits for the other end's Close frame";
    case Opcode::kPing:
      return "ping: the receiver must soon answer with a pong with the same payload";
    case Opcode::kPong:
      return "pong: the answer to a ping, or an unsolicited sign of life";
  }
  return weft::IsControl(opcode) ? "reserved, for control frames of a later version"
                                 : "reserved, for data frames of a later version";
}

void AddReservedBits(uint8_t first, bool deflate, FieldList* fields) {
  const Opcode opcode = static_cast<Opcode>(first & bits::kOpcodeBits);
  const bool begins = opcode == Opcode::kText || opcode == Opcode::kBinary;
  const bool rsv1 = (first & weft::kRsv1) != 0;
  if (!deflate) {
    fields->Add("RSV1", 1, Bit(rsv1), "reserved for extensions, and none is in use: must be 0",
                "5.2");
  } else {
    const char* meaning = !begins
                              ? "compression is marked on the first frame of a message: must be 0"
                          : rsv1 ? "the message is compressed, by permessage-deflate"
                                 : "the message is not compressed, though it could be";
    fields->Add("RSV1", 1, Bit(rsv1), meaning, "6").rfc = "7692";
  }
  const char* unused = "reserved for extensions, and none uses it: must be 0";
  fields->Add("RSV2", 1, Bit(first & weft::kRsv2), unused, "5.2");
  fields->Add("RSV3", 1, Bit(first & weft::kRsv3), unused, "5.2");
}

void AddFirstByte(uint8_t first, bool deflate, FieldList* fields) {
  const bool fin = (first & bits::kFin) != 0;
  const uint8_t opcode = first & bits::kOpcodeBits;
  fields->Add(
      "FIN", 1, Bit(fin),
      fin ? "the last frame of its message, or the only one" : "more frames of this message follow",
      fin ? "5.2" : "5.4");
  AddReservedBits(first, deflate, fields);
  fields->Add("opcode", 4, absl::StrCat("0x", absl::Hex(opcode)),
              MeaningOf(static_cast<Opcode>(opcode)), opcode >= 8 ? "5.5" : "5.6");
}

void AddSecondByte(uint8_t second, FieldList* fields) {
  const bool masked = (second & bits::kMask) != 0;
  const uint8_t length = second & bits::kLengthBits;
  fields->Add("MASK", 1, Bit(masked),
              masked ? "the payload is masked, as a client must, and the key follows"
                     : "the payload is not masked, as a server must not",
              "5.1");
  fields->Add("length", 7, absl::StrCat(length),
              length == bits::kLength16   ? "126: the length is in the next 2 bytes"
              : length == bits::kLength64 ? "127: the length is in the next 8 bytes"
                                          : absl::StrCat("the payload has ", Bytes(length)),
              "5.2");
}

// The fields between the first two bytes and the payload, as far as they have arrived.
void AddRestOfHead(const SeenFrame& frame, FieldList* fields) {
  const uint8_t second = frame.head[1];
  const uint8_t length = second & bits::kLengthBits;
  const size_t size = length == bits::kLength64 ? 8 : length == bits::kLength16 ? 2 : 0;
  absl::string_view rest = absl::string_view(frame.head).substr(2);
  if (!frame.head_complete) {
    if (rest.empty()) return;
    fields->Add("header", 8 * rest.size(), SpacedHex(rest), "the header is not complete", "5.2");
    return;
  }
  if (size > 0) {
    fields->Add("extended length", 8 * size, absl::StrCat(frame.header.payload_length),
                absl::StrCat("the payload has ", Bytes(frame.header.payload_length),
                             "; the highest byte comes first"),
                "5.2");
    rest.remove_prefix(size);
  }
  if (frame.header.masked) {
    fields->Add("masking key", 32, SpacedHex(rest),
                "byte i of the payload is XORed with byte i mod 4 of this, which is random and new "
                "for each frame",
                "5.3");
  }
}

void AddClosePayload(const SeenFrame& frame, FieldList* fields) {
  const weft::CloseCode code = weft::DecodeClosePayload(frame.plain).code;
  fields->Add("close code", 16, absl::StrCat(static_cast<int>(code)),
              std::string(weft::CloseCodeName(code)), "7.4");
  if (frame.wire.size() == 2) return;
  fields->Add("reason", 8 * (frame.wire.size() - 2), Bytes(frame.wire.size() - 2),
              "for people, in UTF-8; it may be empty", "5.5.1");
}

void AddPayload(const SeenFrame& frame, FieldList* fields) {
  if (frame.wire.empty()) return;
  if (frame.header.opcode == Opcode::kClose && frame.wire.size() >= 2) {
    return AddClosePayload(frame, fields);
  }
  const std::string cut = frame.payload_bytes > frame.wire.size()
                              ? absl::StrCat(", the first ", frame.wire.size(), " of them shown")
                              : "";
  const char* what = frame.compressed                 ? "the message, compressed"
                     : weft::IsControl(frame.message) ? "the control frame's payload"
                     : frame.message == Opcode::kText ? "the message's text, in UTF-8"
                                                      : "the message's bytes";
  Field& field = fields->Add("payload", 8 * frame.wire.size(), Bytes(frame.payload_bytes),
                             absl::StrCat(what, cut), frame.compressed ? "7.2.1" : "5.2");
  if (frame.compressed) field.rfc = "7692";
}

}  // namespace

std::vector<Field> FieldsOf(const SeenFrame& frame, bool deflate) {
  FieldList fields;
  if (!frame.head.empty()) AddFirstByte(frame.head[0], deflate, &fields);
  if (frame.head.size() >= 2) {
    AddSecondByte(frame.head[1], &fields);
    AddRestOfHead(frame, &fields);
  }
  AddPayload(frame, &fields);
  return fields.Take();
}

std::string SpacedHex(absl::string_view bytes) {
  std::string text;
  for (const char byte : bytes) {
    absl::StrAppend(&text, text.empty() ? "" : " ",
                    absl::Hex(static_cast<uint8_t>(byte), absl::kZeroPad2));
  }
  return text;
}

}  // namespace examples
