// UTF-8 validation of whole texts and of texts that arrive in pieces (RFC 6455, section 8.1; RFC
// 3629).

#ifndef WEFT_CORE_FRAME_UTF8_H_
#define WEFT_CORE_FRAME_UTF8_H_

#include <cstdint>

#include "absl/strings/string_view.h"

namespace weft {

// Whether all of `text` is valid UTF-8.
bool IsValidUtf8(absl::string_view text);

// Checks a text that arrives in pieces, which may be cut anywhere, including inside a code point. A
// piece fails as soon as no continuation could make the text valid: at the first bad byte. Not
// thread-safe.
//
//   Utf8Validator validator;
//   while (...) if (!validator.Append(piece)) return Fail();
//   if (!validator.AtBoundary()) return Fail();       // ended inside a code point
class Utf8Validator {
 public:
  // Whether the text so far is valid or could become valid. After false the validator must be
  // reset.
  bool Append(absl::string_view piece);

  // Whether the text so far ends with a whole code point.
  bool AtBoundary() const { return missing_ == 0; }

  void Reset() { *this = Utf8Validator(); }

 private:
  bool AppendByte(uint8_t byte);

  uint8_t missing_ = 0;  // missing bytes of the code point that the last piece cut
  uint8_t low_ = 0x80;   // the valid range of the next of them
  uint8_t high_ = 0xBF;
};

}  // namespace weft

#endif  // WEFT_CORE_FRAME_UTF8_H_
