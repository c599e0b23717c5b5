// Bytes in tests, written as in the RFC.

#ifndef WEFT_CORE_TESTING_HEX_H_
#define WEFT_CORE_TESTING_HEX_H_

#include <string>

#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "weft/core/http/hex.h"

namespace weft::testing {

// The bytes of "81 05" or "8105"; throws if `digits` contains anything but spaces and pairs of
// hexadecimal digits.
inline std::string Hex(absl::string_view digits) {
  return HexToBytes(absl::StrReplaceAll(digits, {{" ", ""}})).value();
}

}  // namespace weft::testing

#endif  // WEFT_CORE_TESTING_HEX_H_
