// Chapter 3: the header of a frame, to bytes and back (RFC 6455, section 5.2).
//
//    byte 0          byte 1          then
//   +-+-+-+-+-------+-+-------------+--------------------+-------------------+---------
//   |F|R|R|R| opcode|M|  length     | 0, 2 or 8 bytes of | 4 bytes of key,   | payload
//   |I|S|S|S|       |A|  0..125, or | length, the        | if M is 1         |
//   |N|V|V|V|       |S|  126 or 127 | highest byte first |                   |
//   | |1|2|3|       |K|             |                    |                   |
//   +-+-+-+-+-------+-+-------------+--------------------+-------------------+---------

#ifndef WEFT_COURSE_03_FRAMES_FRAMES_H_
#define WEFT_COURSE_03_FRAMES_FRAMES_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace course {

enum class Opcode : uint8_t {
  kContinuation = 0x0,
  kText = 0x1,
  kBinary = 0x2,
  kClose = 0x8,
  kPing = 0x9,
  kPong = 0xA,
};

// Close, ping and pong (section 5.5).
inline bool IsControl(Opcode opcode) { return (static_cast<uint8_t>(opcode) & 0x8) != 0; }

using MaskingKey = std::array<uint8_t, 4>;

struct FrameHeader {
  bool fin = true;  // the last frame of its message
  Opcode opcode = Opcode::kText;
  bool masked = false;
  uint64_t length = 0;  // bytes of payload
  MaskingKey key{};     // if `masked`
};

// The bytes of `header`, with the length in the shortest form.
std::string EncodeHeader(const FrameHeader& header);

// Reads the header with which `bytes` begins, and returns its size: 2 to 14 bytes. Returns 0 if
// `bytes` ends before the header does. InvalidArgument if the header breaks a rule of section 5.2
// or 5.5, as soon as the first two bytes show it; the rules of longer lengths may wait for all of
// them:
//   - a reserved bit is set,
//   - the opcode is reserved,
//   - a control frame is not the last of its message, or has more than 125 bytes of payload,
//   - the length is not in the shortest form, or has its highest bit set.
absl::StatusOr<size_t> DecodeHeader(absl::string_view bytes, FrameHeader* header);

}  // namespace course

#endif  // WEFT_COURSE_03_FRAMES_FRAMES_H_
