// Encodes and decodes a frame's header (RFC 6455, section 5.2). This layer knows bits and no rules:
// it decodes every header that can appear on the wire, including those that the RFC forbids.
// frame_rules.h decides what a peer may send.
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

#ifndef WEFT_CORE_FRAME_FRAME_H_
#define WEFT_CORE_FRAME_FRAME_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include "absl/strings/string_view.h"
#include "weft/core/frame/opcode.h"

namespace weft {

// 2 bytes, up to 8 of length, 4 of masking key.
inline constexpr size_t kMaxFrameHeaderSize = 14;

// The longest payload of a control frame (section 5.5).
inline constexpr size_t kMaxControlPayload = 125;

using MaskingKey = std::array<uint8_t, 4>;  // in wire order

// The reserved bits, at their positions in the first byte.
inline constexpr uint8_t kRsv1 = 0x40;
inline constexpr uint8_t kRsv2 = 0x20;
inline constexpr uint8_t kRsv3 = 0x10;

struct FrameHeader {
  bool fin = true;  // the last, or only, frame of its message
  uint8_t rsv = 0;  // any of kRsv1, kRsv2, kRsv3
  Opcode opcode = Opcode::kText;
  bool masked = false;
  // Whether the length had the shortest of its three forms, as it must. EncodeFrameHeader ignores
  // this and always writes the shortest.
  bool minimal_length = true;
  uint64_t payload_length = 0;  // bytes; the field can exceed the RFC's limit of 2^63 - 1
  MaskingKey masking_key{};     // meaningful when `masked`
};

// Both functions are inline because every message pays for them.

// Decodes the header at the start of `in`. Returns its size in bytes, 2 to kMaxFrameHeaderSize, or
// 0 when `in` holds only part of a header; `*header` is then unspecified. Cannot fail: any bytes
// are a header.
size_t DecodeFrameHeader(absl::string_view in, FrameHeader* header);

// Writes `header` to `out`, which has room for kMaxFrameHeaderSize bytes, and returns its size.
size_t EncodeFrameHeader(const FrameHeader& header, char* out);

// One line for logs and test failures, such as "fin text masked length=5 key=37fa213d".
std::string DebugString(const FrameHeader& header);

// ---- The rest is implementation ----

namespace internal {

inline constexpr uint8_t kFin = 0x80;
inline constexpr uint8_t kRsvBits = kRsv1 | kRsv2 | kRsv3;
inline constexpr uint8_t kOpcodeBits = 0x0F;
inline constexpr uint8_t kMask = 0x80;
inline constexpr uint8_t kLengthBits = 0x7F;

// The value of the 7-bit length when the length itself follows in 2 or in 8 bytes.
inline constexpr uint8_t kLength16 = 126;
inline constexpr uint8_t kLength64 = 127;

inline uint64_t ReadBigEndian(const uint8_t* bytes, size_t size) {
  uint64_t value = 0;
  for (size_t i = 0; i < size; ++i) value = value << 8 | bytes[i];
  return value;
}

inline void WriteBigEndian(uint64_t value, size_t size, char* out) {
  for (size_t i = size; i > 0; --i, value >>= 8) out[i - 1] = static_cast<char>(value);
}

}  // namespace internal

inline size_t DecodeFrameHeader(absl::string_view in, FrameHeader* header) {
  if (in.size() < 2) return 0;
  const uint8_t* bytes = reinterpret_cast<const uint8_t*>(in.data());
  const uint8_t first = bytes[0], second = bytes[1];
  const uint8_t length7 = second & internal::kLengthBits;
  const bool masked = (second & internal::kMask) != 0;

  const size_t length_size = length7 == internal::kLength64   ? 8
                             : length7 == internal::kLength16 ? 2
                                                              : 0;
  const size_t size = 2 + length_size + (masked ? sizeof(MaskingKey) : 0);
  if (in.size() < size) return 0;

  header->fin = (first & internal::kFin) != 0;
  header->rsv = first & internal::kRsvBits;
  header->opcode = static_cast<Opcode>(first & internal::kOpcodeBits);
  header->masked = masked;
  if (length_size == 0) {
    header->payload_length = length7;
    header->minimal_length = true;
  } else {
    header->payload_length = internal::ReadBigEndian(bytes + 2, length_size);
    header->minimal_length =
        header->payload_length >= (length_size == 2 ? internal::kLength16 : 0x10000);
  }
  if (masked) std::memcpy(&header->masking_key, bytes + size - sizeof(MaskingKey), 4);
  return size;
}

inline size_t EncodeFrameHeader(const FrameHeader& header, char* out) {
  out[0] = static_cast<char>((header.fin ? internal::kFin : 0) | (header.rsv & internal::kRsvBits) |
                             (static_cast<uint8_t>(header.opcode) & internal::kOpcodeBits));
  const uint8_t mask = header.masked ? internal::kMask : 0;
  size_t size = 2;
  if (header.payload_length < internal::kLength16) {
    out[1] = static_cast<char>(mask | header.payload_length);
  } else if (header.payload_length <= 0xFFFF) {
    out[1] = static_cast<char>(mask | internal::kLength16);
    internal::WriteBigEndian(header.payload_length, 2, out + 2);
    size += 2;
  } else {
    out[1] = static_cast<char>(mask | internal::kLength64);
    internal::WriteBigEndian(header.payload_length, 8, out + 2);
    size += 8;
  }
  if (header.masked) {
    std::memcpy(out + size, &header.masking_key, sizeof(MaskingKey));
    size += sizeof(MaskingKey);
  }
  return size;
}

}  // namespace weft

#endif  // WEFT_CORE_FRAME_FRAME_H_
