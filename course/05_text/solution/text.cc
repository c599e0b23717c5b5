#include "course/05_text/text.h"

namespace course {

bool Utf8Checker::Append(absl::string_view piece) {
  for (const char c : piece) {
    const uint8_t byte = static_cast<uint8_t>(c);
    if (missing_ > 0) {
      if (byte < low_ || byte > high_) return false;
      --missing_;
      low_ = 0x80;
      high_ = 0xBF;
    } else if (byte >= 0x80) {
      // From 80 to c1: a byte of the middle of a character, or an overlong form.
      if (byte < 0xC2 || byte > 0xF4) return false;
      missing_ = byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : 3;
      if (byte == 0xE0) low_ = 0xA0;   // lower ones are overlong
      if (byte == 0xED) high_ = 0x9F;  // higher ones are surrogates
      if (byte == 0xF0) low_ = 0x90;   // lower ones are overlong
      if (byte == 0xF4) high_ = 0x8F;  // higher ones are beyond U+10FFFF
    }
  }
  return true;
}

bool Utf8Checker::AtEnd() const { return missing_ == 0; }

}  // namespace course
