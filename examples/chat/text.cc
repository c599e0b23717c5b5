#include "examples/chat/text.h"

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace weft::chat {
namespace {

// The size of the code point that begins with this byte.
size_t LengthOf(char first) {
  const auto byte = static_cast<uint8_t>(first);
  return byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
}

char32_t Decode(absl::string_view bytes) {
  if (bytes.size() == 1) return static_cast<uint8_t>(bytes[0]);
  char32_t code = static_cast<uint8_t>(bytes[0]) & (0x7F >> bytes.size());
  for (const char byte : bytes.substr(1)) code = code << 6 | (static_cast<uint8_t>(byte) & 0x3F);
  return code;
}

bool IsIn(char32_t code, char32_t first, char32_t last) { return first <= code && code <= last; }

bool IsSpace(char32_t code) {
  return IsIn(code, '\t', '\r') || code == ' ' || code == 0x85 || code == 0xA0 || code == 0x1680 ||
         IsIn(code, 0x2000, 0x200A) || code == 0x2028 || code == 0x2029 || code == 0x202F ||
         code == 0x205F || code == 0x3000;
}

bool IsBreak(char32_t code) {
  return IsIn(code, '\n', '\r') || code == 0x85 || code == 0x2028 || code == 0x2029;
}

bool IsControl(char32_t code) { return code < 0x20 || IsIn(code, 0x7F, 0x9F); }

// Embeddings, overrides and isolates (Unicode Standard Annex #9, section 2).
bool TurnsDirection(char32_t code) {
  return IsIn(code, 0x202A, 0x202E) || IsIn(code, 0x2066, 0x2069);
}

// Characters without width or shape: a name with one of them would look like the name without it.
bool IsInvisible(char32_t code) {
  return code == 0xAD || code == 0x34F || code == 0x61C || IsIn(code, 0x115F, 0x1160) ||
         IsIn(code, 0x17B4, 0x17B5) || IsIn(code, 0x180B, 0x180F) || IsIn(code, 0x200B, 0x200F) ||
         IsIn(code, 0x2060, 0x206F) || code == 0x2800 || code == 0x3164 ||
         IsIn(code, 0xFE00, 0xFE0F) || code == 0xFEFF || code == 0xFFA0 ||
         IsIn(code, 0xFFF0, 0xFFFB) || IsIn(code, 0xE0000, 0xE0FFF);
}

// Ends the line; of several empty lines only one is kept.
void AddBreak(std::string& text) {
  while (absl::EndsWith(text, " ") || absl::EndsWith(text, "\t")) text.pop_back();
  if (!absl::EndsWith(text, "\n\n")) text += '\n';
}

enum class Spaces {
  kJoin,        // a run of them, including breaks, becomes one
  kKeep,        // each becomes a plain space, including breaks
  kKeepLayout,  // the same, except for breaks and tabs
};

// `text` without the code points for which `drops` returns true.
template <typename Drops>
std::string Clean(absl::string_view text, Spaces spaces, Drops drops) {
  std::string clean;
  while (!text.empty()) {
    const absl::string_view bytes = text.substr(0, LengthOf(text[0]));
    const char32_t code = Decode(bytes);
    text.remove_prefix(bytes.size());
    if (spaces == Spaces::kKeepLayout && IsBreak(code)) {
      if (code != '\r' || !absl::StartsWith(text, "\n")) AddBreak(clean);
    } else if (spaces == Spaces::kKeepLayout && code == '\t') {
      clean += '\t';
    } else if (IsSpace(code)) {
      if (spaces != Spaces::kJoin || clean.empty() || clean.back() != ' ') clean += ' ';
    } else if (!drops(code)) {
      clean.append(bytes.data(), bytes.size());
    }
  }
  absl::StripAsciiWhitespace(&clean);
  return clean;
}

size_t CountCodePoints(absl::string_view text) {
  size_t count = 0;
  for (const char byte : text) count += (static_cast<uint8_t>(byte) & 0xC0) != 0x80;
  return count;
}

absl::StatusOr<std::string> CleanLine(absl::string_view text, Spaces spaces) {
  std::string clean =
      Clean(text, spaces, [](char32_t code) { return IsControl(code) || TurnsDirection(code); });
  if (clean.empty()) return absl::InvalidArgumentError("a line needs a text");
  if (clean.size() > kMaxTextBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("a line has at most ", kMaxTextBytes, " bytes, and this has ", clean.size()));
  }
  return clean;
}

}  // namespace

absl::StatusOr<std::string> CleanName(absl::string_view name) {
  std::string clean = Clean(name, Spaces::kJoin, [](char32_t code) {
    return IsControl(code) || TurnsDirection(code) || IsInvisible(code);
  });
  if (clean.empty()) return absl::InvalidArgumentError("a name needs something that can be seen");
  if (const size_t length = CountCodePoints(clean); length > kMaxNameLength) {
    return absl::InvalidArgumentError(
        absl::StrCat("a name has at most ", kMaxNameLength, " characters, and this has ", length));
  }
  return clean;
}

absl::StatusOr<std::string> CleanText(absl::string_view text) {
  return CleanLine(text, Spaces::kKeep);
}

absl::StatusOr<std::string> CleanParagraphs(absl::string_view text) {
  return CleanLine(text, Spaces::kKeepLayout);
}

std::string OneLine(absl::string_view paragraphs) {
  return absl::StrReplaceAll(paragraphs, {{"\n", " "}, {"\t", " "}});
}

}  // namespace weft::chat
