#include "examples/chat/text.h"

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "examples/names/code_points.h"

namespace weft::chat {
namespace {

bool IsIn(uint32_t code, uint32_t first, uint32_t last) { return first <= code && code <= last; }

bool IsBreak(uint32_t code) {
  return IsIn(code, '\n', '\r') || code == 0x85 || code == 0x2028 || code == 0x2029;
}

bool IsControl(uint32_t code) { return code < 0x20 || IsIn(code, 0x7F, 0x9F); }

// Embeddings, overrides and isolates (Unicode Standard Annex #9, section 2).
bool TurnsDirection(uint32_t code) {
  return IsIn(code, 0x202A, 0x202E) || IsIn(code, 0x2066, 0x2069);
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
    const auto [size, code] = examples::FirstCodePoint(text);
    const absl::string_view bytes = text.substr(0, size);
    text.remove_prefix(size);
    if (spaces == Spaces::kKeepLayout && IsBreak(code)) {
      if (code != '\r' || !absl::StartsWith(text, "\n")) AddBreak(clean);
    } else if (spaces == Spaces::kKeepLayout && code == '\t') {
      clean += '\t';
    } else if (examples::IsSpace(code)) {
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
      Clean(text, spaces, [](uint32_t code) { return IsControl(code) || TurnsDirection(code); });
  if (clean.empty()) return absl::InvalidArgumentError("a message needs some text");
  if (clean.size() > kMaxTextBytes) {
    return absl::InvalidArgumentError(absl::StrCat("a message has at most ", kMaxTextBytes,
                                                   " bytes, and this one has ", clean.size()));
  }
  return clean;
}

}  // namespace

absl::StatusOr<std::string> CleanName(absl::string_view name) {
  std::string clean = Clean(name, Spaces::kJoin, examples::IsOmittedFromNames);
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
