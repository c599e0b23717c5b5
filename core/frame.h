// A frame's header <-> bytes (RFC 6455, section 5.2). This layer knows bits and no rules: every
// header that can stand on the wire can be decoded, also one that the RFC forbids. What a peer may
// send is decided in connection.cc.
//
//    0                   1                   2                   3
//    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//   +-+-----+-------+-+-------------+-------------------------------+
//   |F| RSV |opcode |M| length, or  |  16-bit length if 126,        |
//   |I|1 2 3|       |A| 126, or 127 |  64-bit length if 127         |
//   |N|     |       |S|             |  (most significant byte first)|
//   | |     |       |K|             |                               |
//   +-+-----+-------+-+-------------+-------------------------------+
//   | masking key, 4 bytes, if MASK | payload                       |
//   +-------------------------------+-------------------------------+

#ifndef WEFT_CORE_FRAME_H_
#define WEFT_CORE_FRAME_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "weft/core/opcode.h"

namespace weft {

// 2 bytes, up to 8 of length, 4 of masking key.
inline constexpr size_t kMaxFrameHeaderSize = 14;

// The longest payload of a control frame (section 5.5).
inline constexpr size_t kMaxControlPayload = 125;

using MaskingKey = std::array<uint8_t, 4>;  // in the order of the wire

struct FrameHeader {
  bool fin = true;  // the last, or only, frame of its message
  bool rsv1 = false;
  bool rsv2 = false;
  bool rsv3 = false;
  Opcode opcode = Opcode::kText;
  bool masked = false;
  // Whether the length stood in the shortest of its three forms, as it must. EncodeFrameHeader
  // always writes the shortest, whatever this says.
  bool minimal_length = true;
  uint64_t payload_length = 0;  // bytes; the wire can say more than the RFC's limit of 2^63 - 1
  MaskingKey masking_key{};     // meaningful when `masked`
};

// Reads the header that `in` begins with. Returns its size in bytes, 2 to kMaxFrameHeaderSize, or
// 0 when `in` ends before the header does; `*header` then has no meaning. Cannot fail: all bytes
// are a header.
size_t DecodeFrameHeader(absl::string_view in, FrameHeader* header);

// Writes `header` to `out`, which has room for kMaxFrameHeaderSize bytes, and returns its size.
size_t EncodeFrameHeader(const FrameHeader& header, char* out);

// One line for logs and test failures, such as "fin text masked length=5 key=37fa213d".
std::string DebugString(const FrameHeader& header);

}  // namespace weft

#endif  // WEFT_CORE_FRAME_H_
