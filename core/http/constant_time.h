// Comparing secrets.

#ifndef WEFT_CORE_HTTP_CONSTANT_TIME_H_
#define WEFT_CORE_HTTP_CONSTANT_TIME_H_

#include "absl/strings/string_view.h"

namespace weft {

// Whether the two are equal, in a time that depends on their sizes only. `==` stops at the first
// byte that differs, and who measures how long it takes can find a password byte by byte. Different
// sizes are told at once: where the size itself is a secret, compare digests.
bool ConstantTimeEqual(absl::string_view a, absl::string_view b);

}  // namespace weft

#endif  // WEFT_CORE_HTTP_CONSTANT_TIME_H_
