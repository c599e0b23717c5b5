#include "course/03_frames/frames.h"

#include <algorithm>

#include "absl/status/status.h"

namespace course {
namespace {

constexpr uint8_t kFin = 0x80;
constexpr uint8_t kReservedBits = 0x70;
constexpr uint8_t kOpcodeBits = 0x0F;
constexpr uint8_t kMask = 0x80;
constexpr uint8_t kLengthBits = 0x7F;

// The values of the 7 bits of length that announce 2 or 8 bytes of length.
constexpr uint8_t kLength16 = 126;
constexpr uint8_t kLength64 = 127;

// Appends the lowest `size` bytes of `value`, the highest of them first.
void AppendBigEndian(uint64_t value, int size, std::string* out) {
  for (int i = size - 1; i >= 0; --i) out->push_back(static_cast<char>(value >> (8 * i)));
}

uint8_t Byte(absl::string_view bytes, size_t at) { return static_cast<uint8_t>(bytes[at]); }

uint64_t ReadBigEndian(absl::string_view bytes) {
  uint64_t value = 0;
  for (size_t i = 0; i < bytes.size(); ++i) value = value << 8 | Byte(bytes, i);
  return value;
}

bool IsReserved(uint8_t opcode) { return (opcode >= 0x3 && opcode <= 0x7) || opcode >= 0xB; }

}  // namespace

std::string EncodeHeader(const FrameHeader& header) {
  std::string out;
  out.push_back(static_cast<char>((header.fin ? kFin : 0) | static_cast<uint8_t>(header.opcode)));
  const uint8_t mask = header.masked ? kMask : 0;
  if (header.length < kLength16) {
    out.push_back(static_cast<char>(mask | header.length));
  } else if (header.length <= 0xFFFF) {
    out.push_back(static_cast<char>(mask | kLength16));
    AppendBigEndian(header.length, 2, &out);
  } else {
    out.push_back(static_cast<char>(mask | kLength64));
    AppendBigEndian(header.length, 8, &out);
  }
  if (header.masked) out.append(header.key.begin(), header.key.end());
  return out;
}

absl::StatusOr<size_t> DecodeHeader(absl::string_view bytes, FrameHeader* header) {
  // Rules that the first byte shows.
  if (bytes.empty()) return 0;
  const uint8_t first = Byte(bytes, 0);
  if ((first & kReservedBits) != 0) {
    return absl::InvalidArgumentError("a reserved bit is set");
  }
  if (IsReserved(first & kOpcodeBits)) {
    return absl::InvalidArgumentError("the opcode is reserved");
  }
  header->fin = (first & kFin) != 0;
  header->opcode = static_cast<Opcode>(first & kOpcodeBits);
  if (IsControl(header->opcode) && !header->fin) {
    return absl::InvalidArgumentError("a control frame must not be fragmented");
  }

  // Rules that the second byte shows.
  if (bytes.size() < 2) return 0;
  const uint8_t second = Byte(bytes, 1);
  header->masked = (second & kMask) != 0;
  header->length = second & kLengthBits;
  if (IsControl(header->opcode) && header->length > 125) {
    return absl::InvalidArgumentError("a control frame has at most 125 bytes of payload");
  }

  size_t size = 2;
  if (header->length >= kLength16) {
    const size_t length_size = header->length == kLength16 ? 2 : 8;
    if (bytes.size() < size + length_size) return 0;
    header->length = ReadBigEndian(bytes.substr(size, length_size));
    size += length_size;
    if (header->length < (length_size == 2 ? kLength16 : 0x10000)) {
      return absl::InvalidArgumentError("the length is not in its shortest form");
    }
    if (header->length >> 63 != 0) {
      return absl::InvalidArgumentError("the highest bit of the length is set");
    }
  }
  if (header->masked) {
    if (bytes.size() < size + header->key.size()) return 0;
    std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(size), header->key.size(),
                header->key.begin());
    size += header->key.size();
  }
  return size;
}

}  // namespace course
