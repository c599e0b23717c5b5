#include "weft/core/http/quote.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace weft {
namespace {

struct CodePoint {
  uint32_t value;
  size_t size;  // bytes; 0: the code point is invalid or incomplete
};

// The code point at the start of `text`, which is not empty (RFC 3629, section 3).
CodePoint FirstCodePoint(absl::string_view text) {
  const uint8_t lead = text[0];
  if (lead < 0x80) return {.value = lead, .size = 1};
  const size_t size = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  const CodePoint none = {.value = lead, .size = 0};
  if (lead < 0xC0 || lead > 0xF4 || text.size() < size) return none;
  uint32_t value = lead & (0x7F >> size);
  for (size_t i = 1; i < size; ++i) {
    const uint8_t byte = text[i];
    if ((byte & 0xC0) != 0x80) return none;
    value = value << 6 | (byte & 0x3F);
  }
  // indexed by size: a smaller value has a shorter form
  constexpr uint32_t kSmallest[] = {0x80, 0x800, 0x10000};
  const bool is_surrogate = value >= 0xD800 && value < 0xE000;
  if (value < kSmallest[size - 2] || value > 0x10FFFF || is_surrogate) return none;
  return {.value = value, .size = size};
}

bool IsControl(uint32_t code_point) {
  return code_point < 0x20 || (code_point >= 0x7F && code_point < 0xA0);
}

// The characters with Unicode's property Bidi_Control. They can make text look like other text.
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
