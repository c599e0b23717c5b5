// Names that visitors choose, which others see.

#ifndef WEFT_EXAMPLES_NAMES_NAMES_H_
#define WEFT_EXAMPLES_NAMES_NAMES_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace examples {

// Bytes of UTF-8: 24 Latin letters, or 8 of Chinese.
inline constexpr size_t kMaxNameBytes = 24;

// The name as others may see it: without control characters, without those that are invisible or
// change the direction of the text around it, with single spaces, none of them at the ends, and at
// most kMaxNameBytes, cut between two code points. Empty if nothing is left, or if it is not UTF-8.
std::string CleanName(absl::string_view name);

// The name of a visitor that has not chosen one, such as "Brave Otter". The same number has the
// same name; 400 numbers in a row have different ones.
std::string FriendlyName(uint32_t number);

}  // namespace examples

#endif  // WEFT_EXAMPLES_NAMES_NAMES_H_
