#ifndef WEFT_CORE_HTTP_HEX_H_
#define WEFT_CORE_HTTP_HEX_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace weft {

// Decodes hexadecimal digits, in either case, two per byte; nullopt for an odd number of digits or
// any other character. Replaces absl::HexStringToBytes, which only checks its input in new
// versions, with a signature that old ones lack.
std::optional<std::string> HexToBytes(absl::string_view digits);

}  // namespace weft

#endif  // WEFT_CORE_HTTP_HEX_H_
