#include "weft/core/http/percent.h"

#include <cstddef>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "weft/core/http/hex.h"

namespace weft {

absl::StatusOr<std::string> PercentDecode(absl::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded.push_back(text[i]);
      continue;
    }
    const absl::string_view digits = text.substr(i + 1, 2);
    const std::optional<std::string> byte = HexToBytes(digits);
    if (!byte || byte->empty()) {
      return absl::InvalidArgumentError(
          "a '%' is not followed by two hexadecimal digits: write a literal '%' as %25");
    }
    decoded += *byte;
    i += digits.size();
  }
  return decoded;
}

std::string PercentEncodePath(absl::string_view path) {
  std::string encoded;
  for (const char c : path) {
    if (absl::ascii_isalnum(c) || absl::string_view("-._~/").find(c) != absl::string_view::npos) {
      encoded.push_back(c);
    } else {
      absl::StrAppend(&encoded, "%", absl::Hex(static_cast<unsigned char>(c), absl::kZeroPad2));
    }
  }
  return encoded;
}

}  // namespace weft
