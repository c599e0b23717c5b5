#ifndef WEFT_CORE_HTTP_HEX_H_
#define WEFT_CORE_HTTP_HEX_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace weft {

// The bytes that hexadecimal digits in either case stand for, two digits a byte; nullopt for an odd
// number of digits or anything else than digits. absl::HexStringToBytes checks only in new
// versions, and by a signature that old ones lack.
std::optional<std::string> HexToBytes(absl::string_view digits);

}  // namespace weft

#endif  // WEFT_CORE_HTTP_HEX_H_
