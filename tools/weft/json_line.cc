#include "tools/weft/json_line.h"

#include <cstddef>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "weft/core/frame/utf8.h"
#include "weft/core/http/quote.h"

namespace weft::cli {
namespace {

// The size of the code point at the start of `text`, which is UTF-8 and not empty.
size_t CodePointSize(absl::string_view text) {
  size_t size = 1;
  while (size < text.size() && (text[size] & 0xC0) == 0x80) ++size;
  return size;
}

// The value of one with two or three bytes.
uint32_t ValueOf(absl::string_view code_point) {
  uint32_t value = code_point[0] & (code_point.size() == 2 ? 0x1F : 0x0F);
  for (const char byte : code_point.substr(1)) value = value << 6 | (byte & 0x3F);
  return value;
}

}  // namespace

std::string JsonText(absl::string_view text) {
  if (!IsValidUtf8(text)) return JsonText(Escape(text));
  std::string quoted = "\"";
  while (!text.empty()) {
    const absl::string_view code_point = text.substr(0, CodePointSize(text));
    const char byte = text[0];
    text.remove_prefix(code_point.size());
    if (code_point.size() > 1) {
      if (Escape(code_point) == code_point) {
        absl::StrAppend(&quoted, code_point);
      } else {
        absl::StrAppendFormat(&quoted, "\\u%04x", ValueOf(code_point));
      }
    } else if (byte == '"' || byte == '\\') {
      quoted.push_back('\\');
      quoted.push_back(byte);
    } else if (byte == '\n') {
      quoted += "\\n";
    } else if (static_cast<unsigned char>(byte) < ' ' || byte == '\x7f') {
      absl::StrAppendFormat(&quoted, "\\u%04x", byte);
    } else {
      quoted.push_back(byte);
    }
  }
  quoted.push_back('"');
  return quoted;
}

JsonLine::JsonLine(absl::string_view event, absl::Time time) {
  Add("time", absl::FormatTime("%Y-%m-%d%ET%H:%M:%E3SZ", time, absl::UTCTimeZone()));
  Add("event", event);
}

JsonLine& JsonLine::AddRaw(absl::string_view name, absl::string_view value) {
  absl::StrAppend(&members_, members_.empty() ? "" : ",", JsonText(name), ":", value);
  return *this;
}

JsonLine& JsonLine::Add(absl::string_view name, absl::string_view value) {
  return AddRaw(name, JsonText(value));
}

JsonLine& JsonLine::Add(absl::string_view name, int value) {
  return AddRaw(name, absl::StrCat(value));
}

JsonLine& JsonLine::Add(absl::string_view name, double value) {
  return AddRaw(name, absl::StrFormat("%.3f", value));
}

JsonLine& JsonLine::Add(absl::string_view name, bool value) {
  return AddRaw(name, value ? "true" : "false");
}

std::string JsonLine::text() const { return absl::StrCat("{", members_, "}"); }

}  // namespace weft::cli
