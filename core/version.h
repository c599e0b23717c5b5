// The version of Weft.

#ifndef WEFT_CORE_VERSION_H_
#define WEFT_CORE_VERSION_H_

#include "absl/strings/string_view.h"

namespace weft {

// The version of the module in MODULE.bazel, which core/tests/version_test.cc compares it with.
inline constexpr absl::string_view kVersion = "0.2.0";

}  // namespace weft

#endif  // WEFT_CORE_VERSION_H_
