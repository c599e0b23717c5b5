#include "tools/weft/format.h"

#include <cstdint>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "weft/core/http/quote.h"

namespace weft::cli {

std::string Style::Paint(absl::string_view color, absl::string_view text) const {
  return colored_ ? absl::StrCat(color, text, "\033[0m") : std::string(text);
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
  std::string text;
  for (const absl::string_view line : absl::StrSplit(head, "\r\n")) {
    absl::StrAppend(&text, text.empty() ? "" : "\n", mark, Escape(line));
  }
  return text;
}

std::string DescribeClose(CloseCode code, absl::string_view reason) {
  return absl::StrCat(static_cast<int>(code), " ", CloseCodeName(code),
                      reason.empty() ? "" : ": \"", Escape(reason), reason.empty() ? "" : "\"");
}

std::string Timestamp(absl::Time time) {
  return absl::FormatTime("%H:%M:%E3S", time, absl::LocalTimeZone());
}

std::string DescribeRoundTrip(absl::Duration time) {
  const double ms = absl::ToDoubleMilliseconds(time);
  if (ms < 10) return absl::StrFormat("%.2f ms", ms);
  if (ms < 1000) return absl::StrFormat("%.0f ms", ms);
  return absl::StrFormat("%.2f s", ms / 1000);
}

}  // namespace weft::cli
