// The code points of texts that visitors type.

#ifndef WEFT_EXAMPLES_NAMES_CODE_POINTS_H_
#define WEFT_EXAMPLES_NAMES_CODE_POINTS_H_

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"

namespace examples {

struct CodePoint {
  size_t size;  // bytes
  uint32_t value;
};

// The code point at the start of `text`, valid UTF-8 that is not empty.
CodePoint FirstCodePoint(absl::string_view text);

// Whether it is a space of any width, or ends a line.
bool IsSpace(uint32_t code_point);

// Whether a name that others see must not have it: controls, invisible ones, overrides of the
// direction, combining marks that can be stacked over the neighbours, private ones, and code points
// without a character. Some spaces are among them.
bool IsOmittedFromNames(uint32_t code_point);

}  // namespace examples

#endif  // WEFT_EXAMPLES_NAMES_CODE_POINTS_H_
