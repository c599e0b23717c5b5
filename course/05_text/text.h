// Chapter 5: whether text is UTF-8 (RFC 3629), while it arrives.

#ifndef WEFT_COURSE_05_TEXT_TEXT_H_
#define WEFT_COURSE_05_TEXT_TEXT_H_

#include <cstdint>

#include "absl/strings/string_view.h"

namespace course {

// Checks a text that arrives in pieces, which may be cut anywhere, also inside a character.
//
//   Utf8Checker checker;
//   if (!checker.Append(piece)) ...      for each piece: false at the first wrong byte
//   if (!checker.AtEnd()) ...            after the last one: false if a character is not complete
class Utf8Checker {
 public:
  // Takes the next bytes. False if one of them cannot follow the bytes before it, whatever comes
  // after it. The checker is not used again after that.
  bool Append(absl::string_view piece);

  // Whether the text may end here: not inside a character.
  bool AtEnd() const;

 private:
  int missing_ = 0;      // bytes that the character which has begun still needs
  uint8_t low_ = 0x80;   // the next of them must be at least this,
  uint8_t high_ = 0xBF;  // and at most this
};

}  // namespace course

#endif  // WEFT_COURSE_05_TEXT_TEXT_H_
