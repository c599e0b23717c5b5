#include "weft/core/utf8.h"

#include "simdjson.h"

namespace weft {

bool IsValidUtf8(absl::string_view text) {
  return simdjson::validate_utf8(text.data(), text.size());
}

bool Utf8Validator::Append(absl::string_view piece) {
  for (const char c : piece) {
    const uint8_t byte = c;
    if (size_ == 0) {
      if (byte < 0x80) continue;
      if (byte < 0xC2 || byte > 0xF4) return false;
      tail_[size_++] = c;
      continue;
    }
    // RFC 3629, section 4: what may follow the first byte.
    const uint8_t first = tail_[0];
    uint8_t low = 0x80, high = 0xBF;
    if (size_ == 1) {
      if (first == 0xE0) low = 0xA0;
      if (first == 0xED) high = 0x9F;
      if (first == 0xF0) low = 0x90;
      if (first == 0xF4) high = 0x8F;
    }
    if (byte < low || byte > high) return false;
    const int length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (size_ + 1 == length) {
      size_ = 0;
    } else {
      tail_[size_++] = c;
    }
  }
  return true;
}

}  // namespace weft
