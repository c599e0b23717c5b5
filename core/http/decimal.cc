#include "weft/core/http/decimal.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"

namespace weft {

std::optional<uint64_t> ParseDecimal(absl::string_view text, uint64_t max) {
  uint64_t value;
  if (!std::all_of(text.begin(), text.end(), absl::ascii_isdigit) ||
      !absl::SimpleAtoi(text, &value) || value > max) {
    return std::nullopt;
  }
  return value;
}

}  // namespace weft
