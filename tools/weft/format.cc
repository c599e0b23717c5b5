#include "tools/weft/format.h"

#include <cstdint>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"

namespace weft::cli {

std::string Style::Paint(absl::string_view color, absl::string_view text) const {
  return colored_ ? absl::StrCat(color, text, "\033[0m") : std::string(text);
}

std::string Visible(absl::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    const uint8_t byte = static_cast<uint8_t>(text[i]);
    // U+0080 to U+009F, controls too, are 0xC2 and a byte below 0xA0.
    if (byte == 0xC2 && i + 1 < text.size() && static_cast<uint8_t>(text[i + 1]) < 0xA0) {
      absl::StrAppendFormat(&result, "\\x%02x", static_cast<uint8_t>(text[++i]));
    } else if (absl::ascii_iscntrl(byte) && byte != '\n' && byte != '\t') {
      absl::StrAppendFormat(&result, "\\x%02x", byte);
    } else {
      result.push_back(text[i]);
    }
  }
  return result;
}

std::string Indented(absl::string_view text, size_t indent) {
  return absl::StrReplaceAll(text, {{"\n", absl::StrCat("\n", std::string(indent, ' '))}});
}

std::string HexDump(absl::string_view bytes, size_t max_bytes) {
  constexpr size_t kRow = 16;
  const absl::string_view shown = bytes.substr(0, max_bytes);
  std::string dump;
  for (size_t offset = 0; offset < shown.size(); offset += kRow) {
    absl::StrAppendFormat(&dump, "%08x ", offset);
    std::string ascii;
    for (size_t column = 0; column < kRow; ++column) {
      if (column % 8 == 0) dump.push_back(' ');
      if (offset + column >= shown.size()) {
        dump.append(3, ' ');
        continue;
      }
      const uint8_t byte = static_cast<uint8_t>(shown[offset + column]);
      absl::StrAppendFormat(&dump, "%02x ", byte);
      ascii.push_back(absl::ascii_isprint(byte) ? static_cast<char>(byte) : '.');
    }
    absl::StrAppend(&dump, " |", ascii, "|\n");
  }
  if (shown.size() < bytes.size()) {
    absl::StrAppend(&dump, "... and ", bytes.size() - shown.size(), " bytes more\n");
  }
  return dump;
}

std::string DescribeHead(absl::string_view mark, absl::string_view head) {
  while (absl::ConsumeSuffix(&head, "\r\n")) {
  }
  return absl::StrCat(mark,
                      Visible(absl::StrReplaceAll(head, {{"\r\n", absl::StrCat("\n", mark)}})));
}

std::string DescribeClose(CloseCode code, absl::string_view reason) {
  return absl::StrCat(static_cast<int>(code), " ", CloseCodeName(code),
                      reason.empty() ? "" : ": \"", Visible(reason), reason.empty() ? "" : "\"");
}

std::string DescribeRoundTrip(absl::Duration time) {
  const double ms = absl::ToDoubleMilliseconds(time);
  if (ms < 10) return absl::StrFormat("%.2f ms", ms);
  if (ms < 1000) return absl::StrFormat("%.0f ms", ms);
  return absl::StrFormat("%.2f s", ms / 1000);
}

}  // namespace weft::cli
