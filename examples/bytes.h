// Converts numbers to bytes and back: little-endian, or as varints.

#ifndef WEFT_EXAMPLES_BYTES_H_
#define WEFT_EXAMPLES_BYTES_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"

namespace examples {

// A varint has seven bits per byte, the lowest first; the highest bit says that more bytes follow.
// Signed numbers 0, -1, 1, -2, 2 ... are encoded as 0, 1, 2, 3, 4 ..., so that small ones are
// short.
class ByteWriter {
 public:
  void U8(uint8_t value) { bytes_.push_back(static_cast<char>(value)); }
  void U16(uint16_t value) {
    U8(static_cast<uint8_t>(value));
    U8(static_cast<uint8_t>(value >> 8));
  }
  void U32(uint32_t value) {
    U16(static_cast<uint16_t>(value));
    U16(static_cast<uint16_t>(value >> 16));
  }
  void I16(int16_t value) { U16(static_cast<uint16_t>(value)); }
  void Varint(uint32_t value) {
    for (; value >= 0x80; value >>= 7) U8(static_cast<uint8_t>(value | 0x80));
    U8(static_cast<uint8_t>(value));
  }
  void SignedVarint(int32_t value) {
    Varint((static_cast<uint32_t>(value) << 1) ^ static_cast<uint32_t>(value >> 31));
  }

  size_t size() const { return bytes_.size(); }
  std::string Take() && { return std::move(bytes_); }

 private:
  std::string bytes_;
};

// Reading after the end returns 0, and makes the reader permanently not ok: one check at the end is
// enough.
class ByteReader {
 public:
  explicit ByteReader(absl::string_view bytes) : bytes_(bytes) {}

  uint8_t U8() {
    if (bytes_.empty()) {
      ok_ = false;
      return 0;
    }
    const auto value = static_cast<uint8_t>(bytes_.front());
    bytes_.remove_prefix(1);
    return value;
  }
  uint16_t U16() {
    const uint16_t low = U8();
    return static_cast<uint16_t>(low | U8() << 8);
  }
  uint32_t U32() {
    const uint32_t low = U16();
    return low | static_cast<uint32_t>(U16()) << 16;
  }
  int16_t I16() { return static_cast<int16_t>(U16()); }
  uint32_t Varint() {
    uint32_t value = 0;
    for (int shift = 0; shift < 32; shift += 7) {
      const uint8_t byte = U8();
      value |= static_cast<uint32_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    ok_ = false;
    return 0;
  }
  int32_t SignedVarint() {
    const uint32_t value = Varint();
    return static_cast<int32_t>(value >> 1 ^ (0 - (value & 1)));
  }

  bool ok() const { return ok_; }
  bool at_end() const { return bytes_.empty(); }

 private:
  absl::string_view bytes_;
  bool ok_ = true;
};

}  // namespace examples

#endif  // WEFT_EXAMPLES_BYTES_H_
