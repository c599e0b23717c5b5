// Comparison of secrets.

#ifndef WEFT_CORE_HTTP_CONSTANT_TIME_H_
#define WEFT_CORE_HTTP_CONSTANT_TIME_H_

#include "absl/strings/string_view.h"

namespace weft {

// Whether the two are equal, in a time that depends on their sizes only. `==` stops at the first
// byte that differs, so an attacker who measures the time can find a password byte by byte.
// Different sizes return at once: if the size itself is secret, compare digests.
bool ConstantTimeEqual(absl::string_view a, absl::string_view b);

}  // namespace weft

#endif  // WEFT_CORE_HTTP_CONSTANT_TIME_H_
