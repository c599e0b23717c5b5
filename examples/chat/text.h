// The text of names and lines.

#ifndef EXAMPLES_CHAT_TEXT_H_
#define EXAMPLES_CHAT_TEXT_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace weft::chat {

inline constexpr size_t kMaxNameLength = 32;  // code points

// Bytes of UTF-8: a pasted file of some hundred lines. JSON makes up to twice as many of them,
// which must fit into a message (chat.cc).
inline constexpr size_t kMaxTextBytes = 16 << 10;

// A name in the form that others see: on one line, without spaces at its ends or two in a row, and
// without those characters that no name may have (IsOmittedFromNames), so that no name looks like
// another, or like more than a name. InvalidArgument, for the person to read, if nothing is left or
// it is too long. `name` is UTF-8.
absl::StatusOr<std::string> CleanName(absl::string_view name);

// The text of a line from a terminal: on one line, without spaces at its ends, control characters,
// and direction overrides, which reach beyond the text. Errors as above.
absl::StatusOr<std::string> CleanText(absl::string_view text);

// The text of a line from a page: the same, but it keeps tabs and line breaks. Each break is "
// ", and at most one empty line follows another line.
absl::StatusOr<std::string> CleanParagraphs(absl::string_view text);

// The result of CleanParagraphs, on one line.
std::string OneLine(absl::string_view paragraphs);

}  // namespace weft::chat

#endif  // EXAMPLES_CHAT_TEXT_H_
