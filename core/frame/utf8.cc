#include "weft/core/frame/utf8.h"

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "simdjson.h"
#include "weft/core/frame/utf8_avx512.h"

namespace weft {
namespace {

// The size of the ASCII prefix of the first 64 bytes, in steps of 8, or all of `text`.
size_t AsciiPrefix(absl::string_view text) {
  constexpr uint64_t kHighBits = 0x8080808080808080;
  uint64_t word;
  if (text.size() < sizeof(word)) return 0;
  const size_t last = text.size() - sizeof(word);
  for (size_t at = 0; at < 64; at += sizeof(word)) {
    at = std::min(at, last);  // the last word may overlap the one before it
    std::memcpy(&word, text.data() + at, sizeof(word));
    if ((word & kHighBits) != 0) return at;
    if (at == last) return text.size();
  }
  return 64;
}

// For short ASCII text, calling simdjson, which takes 15 ns, is not worth it.
bool IsValidUtf8Simdjson(absl::string_view text) {
  text.remove_prefix(AsciiPrefix(text));
  return text.empty() || simdjson::validate_utf8(text.data(), text.size());
}

// Validates a whole text, many bytes at a time.
struct VectorValidator {
  bool (*is_valid)(absl::string_view text);
  size_t min_size;  // from this size in bytes, this is faster than a byte-by-byte check
};

const VectorValidator& FastestValidator() {
  static const VectorValidator fastest = internal::HasAvx512Vbmi()
                                             ? VectorValidator{internal::IsValidUtf8Avx512, 16}
                                             : VectorValidator{IsValidUtf8Simdjson, 32};
  return fastest;
}

// The size of the incomplete code point at the end of `text`, or 0.
size_t CutSize(absl::string_view text) {
  for (size_t size = 1; size <= std::min<size_t>(3, text.size()); ++size) {
    const uint8_t byte = text[text.size() - size];
    if (byte < 0x80) return 0;
    if (byte < 0xC0) continue;
    const size_t whole = byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
    return size < whole ? size : 0;
  }
  return 0;
}

}  // namespace

bool IsValidUtf8(absl::string_view text) {
  const VectorValidator& fastest = FastestValidator();
  if (text.size() >= fastest.min_size) return fastest.is_valid(text);
  text.remove_prefix(AsciiPrefix(text));
  if (text.empty()) return true;
  Utf8Validator validator;
  return validator.Append(text) && validator.AtBoundary();
}

bool Utf8Validator::Append(absl::string_view piece) {
  while (!AtBoundary() && !piece.empty()) {
    if (!AppendByte(piece.front())) return false;
    piece.remove_prefix(1);
  }
  const VectorValidator& fastest = FastestValidator();
  if (piece.size() >= fastest.min_size) {
    const size_t whole = piece.size() - CutSize(piece);
    if (!fastest.is_valid(piece.substr(0, whole))) return false;
    piece.remove_prefix(whole);
  } else {
    piece.remove_prefix(AsciiPrefix(piece));
  }
  return std::all_of(piece.begin(), piece.end(), [this](char c) { return AppendByte(c); });
}

// RFC 3629, section 4: the first byte determines how many must follow, and the range of the second.
bool Utf8Validator::AppendByte(uint8_t byte) {
  if (missing_ > 0) {
    if (byte < low_ || byte > high_) return false;
    low_ = 0x80;
    high_ = 0xBF;
    --missing_;
    return true;
  }
  if (byte < 0x80) return true;
  if (byte < 0xC2 || byte > 0xF4) return false;
  missing_ = byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : 3;
  if (byte == 0xE0) low_ = 0xA0;   // otherwise it fits in two bytes
  if (byte == 0xED) high_ = 0x9F;  // otherwise a surrogate
  if (byte == 0xF0) low_ = 0x90;   // otherwise it fits in three bytes
  if (byte == 0xF4) high_ = 0x8F;  // otherwise above U+10FFFF
  return true;
}

}  // namespace weft
