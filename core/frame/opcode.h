// The kinds of frames (RFC 6455, sections 5.2 and 11.8).

#ifndef WEFT_CORE_FRAME_OPCODE_H_
#define WEFT_CORE_FRAME_OPCODE_H_

#include <cstdint>

#include "absl/strings/string_view.h"

namespace weft {

// The low four bits of a frame's first byte. Any of the sixteen values can appear on the wire; the
// ten without a name here are reserved, and a connection that receives one fails (section 5.2).
enum class Opcode : uint8_t {
  kContinuation = 0x0,
  kText = 0x1,
  kBinary = 0x2,
  kClose = 0x8,
  kPing = 0x9,
  kPong = 0xA,
};

// Whether this is a control frame (close, ping, pong and the five reserved opcodes next to them),
// which does not carry application data (section 5.5).
constexpr bool IsControl(Opcode opcode) { return (static_cast<uint8_t>(opcode) & 0x8) != 0; }

// Whether the RFC defines this opcode.
constexpr bool IsDefined(Opcode opcode) {
  const uint8_t value = static_cast<uint8_t>(opcode);
  return value <= 0x2 || (value >= 0x8 && value <= 0xA);
}

// "text", "ping" and so on; "reserved" for the ten others.
constexpr absl::string_view OpcodeName(Opcode opcode) {
  switch (opcode) {
    case Opcode::kContinuation:
      return "continuation";
    case Opcode::kText:
      return "text";
    case Opcode::kBinary:
      return "binary";
    case Opcode::kClose:
      return "close";
    case Opcode::kPing:
      return "ping";
    case Opcode::kPong:
      return "pong";
  }
  return "reserved";
}

}  // namespace weft

#endif  // WEFT_CORE_FRAME_OPCODE_H_
