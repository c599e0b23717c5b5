#ifndef WEFT_CORE_HTTP_DECIMAL_H_
#define WEFT_CORE_HTTP_DECIMAL_H_

#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"

namespace weft {

// The value of a text that has decimal digits only, as 1*DIGIT in the grammars of the RFCs; nullopt
// for any other text, an empty one, or a value above `max`. absl::SimpleAtoi also takes signs and
// spaces, with which two programs may read the same field differently.
std::optional<uint64_t> ParseDecimal(absl::string_view text, uint64_t max);

}  // namespace weft

#endif  // WEFT_CORE_HTTP_DECIMAL_H_
