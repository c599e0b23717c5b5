#include "weft/core/frame.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace weft {
namespace {

constexpr uint8_t kFin = 0x80;
constexpr uint8_t kRsv1 = 0x40;
constexpr uint8_t kRsv2 = 0x20;
constexpr uint8_t kRsv3 = 0x10;
constexpr uint8_t kOpcodeBits = 0x0F;
constexpr uint8_t kMask = 0x80;
constexpr uint8_t kLengthBits = 0x7F;

// What the 7-bit length says when the length itself follows in 2 or in 8 bytes.
constexpr uint8_t kLength16 = 126;
constexpr uint8_t kLength64 = 127;

uint64_t ReadBigEndian(const uint8_t* bytes, size_t size) {
  uint64_t value = 0;
  for (size_t i = 0; i < size; ++i) value = value << 8 | bytes[i];
  return value;
}

void WriteBigEndian(uint64_t value, size_t size, char* out) {
  for (size_t i = size; i > 0; --i, value >>= 8) out[i - 1] = static_cast<char>(value);
}

}  // namespace

size_t DecodeFrameHeader(absl::string_view in, FrameHeader* header) {
  if (in.size() < 2) return 0;
  const uint8_t* bytes = reinterpret_cast<const uint8_t*>(in.data());
  const uint8_t length7 = bytes[1] & kLengthBits;
  const bool masked = (bytes[1] & kMask) != 0;

  const size_t length_size = length7 == kLength64 ? 8 : length7 == kLength16 ? 2 : 0;
  const size_t size = 2 + length_size + (masked ? sizeof(MaskingKey) : 0);
  if (in.size() < size) return 0;

  header->fin = (bytes[0] & kFin) != 0;
  header->rsv1 = (bytes[0] & kRsv1) != 0;
  header->rsv2 = (bytes[0] & kRsv2) != 0;
  header->rsv3 = (bytes[0] & kRsv3) != 0;
  header->opcode = static_cast<Opcode>(bytes[0] & kOpcodeBits);
  header->masked = masked;
  if (length_size == 0) {
    header->payload_length = length7;
    header->minimal_length = true;
  } else {
    header->payload_length = ReadBigEndian(bytes + 2, length_size);
    header->minimal_length = header->payload_length >= (length_size == 2 ? kLength16 : 0x10000);
  }
  if (masked) std::copy_n(bytes + size - sizeof(MaskingKey), 4, header->masking_key.begin());
  return size;
}

size_t EncodeFrameHeader(const FrameHeader& header, char* out) {
  out[0] = static_cast<char>((header.fin ? kFin : 0) | (header.rsv1 ? kRsv1 : 0) |
                             (header.rsv2 ? kRsv2 : 0) | (header.rsv3 ? kRsv3 : 0) |
                             (static_cast<uint8_t>(header.opcode) & kOpcodeBits));
  const uint8_t mask = header.masked ? kMask : 0;
  size_t size = 2;
  if (header.payload_length < kLength16) {
    out[1] = static_cast<char>(mask | header.payload_length);
  } else if (header.payload_length <= 0xFFFF) {
    out[1] = static_cast<char>(mask | kLength16);
    WriteBigEndian(header.payload_length, 2, out + 2);
    size += 2;
  } else {
    out[1] = static_cast<char>(mask | kLength64);
    WriteBigEndian(header.payload_length, 8, out + 2);
    size += 8;
  }
  if (header.masked) {
    std::copy(header.masking_key.begin(), header.masking_key.end(), out + size);
    size += sizeof(MaskingKey);
  }
  return size;
}

std::string DebugString(const FrameHeader& header) {
  std::string text =
      absl::StrCat(header.fin ? "fin " : "", header.rsv1 ? "rsv1 " : "", header.rsv2 ? "rsv2 " : "",
                   header.rsv3 ? "rsv3 " : "", OpcodeName(header.opcode));
  if (!IsDefined(header.opcode)) absl::StrAppend(&text, " ", static_cast<int>(header.opcode));
  absl::StrAppend(&text, header.masked ? " masked" : "", " length=", header.payload_length,
                  header.minimal_length ? "" : " (not in its shortest form)");
  if (header.masked) {
    const char* key = reinterpret_cast<const char*>(header.masking_key.data());
    absl::StrAppend(&text, " key=", absl::BytesToHexString(absl::string_view(key, 4)));
  }
  return text;
}

}  // namespace weft
