#include "weft/core/quote.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "weft/core/utf8.h"

namespace weft {
namespace {

struct CodePoint {
  uint32_t value;
  size_t size;  // bytes; 0: there is no whole code point
};

// The code point at the start of `text`, which is not empty.
CodePoint FirstCodePoint(absl::string_view text) {
  const uint8_t lead = text[0];
  const size_t size = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (text.size() < size || !IsValidUtf8(text.substr(0, size))) return {.value = lead, .size = 0};
  if (size == 1) return {.value = lead, .size = 1};
  uint32_t value = lead & (0x7F >> size);
  for (size_t i = 1; i < size; ++i) value = value << 6 | (static_cast<uint8_t>(text[i]) & 0x3F);
  return {.value = value, .size = size};
}

bool IsControl(uint32_t code_point) {
  return code_point < 0x20 || (code_point >= 0x7F && code_point < 0xA0);
}

// The characters of Unicode's property Bidi_Control. They let text look like other text.
bool IsBidiControl(uint32_t code_point) {
  return code_point == 0x061C || code_point == 0x200E || code_point == 0x200F ||
         (code_point >= 0x202A && code_point <= 0x202E) ||
         (code_point >= 0x2066 && code_point <= 0x2069);
}

}  // namespace

std::string Quote(absl::string_view text) {
  constexpr size_t kShown = 64;
  return absl::StrCat("\"", absl::CHexEscape(text.substr(0, kShown)),
                      text.size() > kShown ? "...\"" : "\"");
}

std::string Escape(absl::string_view text, absl::string_view keep) {
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    const size_t printable =
        std::find_if_not(text.begin(), text.end(), absl::ascii_isprint) - text.begin();
    result.append(text.data(), printable);
    text.remove_prefix(printable);
    if (text.empty()) break;
    const auto [value, size] = FirstCodePoint(text);
    if (size == 0 || (IsControl(value) && keep.find(text[0]) == absl::string_view::npos)) {
      absl::StrAppendFormat(&result, "\\x%02x", value);
    } else if (IsBidiControl(value)) {
      absl::StrAppendFormat(&result, "\\u%04x", value);
    } else {
      result.append(text.data(), size);
    }
    text.remove_prefix(std::max<size_t>(size, 1));
  }
  return result;
}

}  // namespace weft
