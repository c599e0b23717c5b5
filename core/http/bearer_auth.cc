#include "weft/core/http/bearer_auth.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/strip.h"

namespace weft {
namespace {

constexpr absl::string_view kName = "Authorization";
constexpr absl::string_view kScheme = "Bearer ";

// b64token of RFC 6750, section 2.1.
bool IsToken(absl::string_view text) {
  while (absl::ConsumeSuffix(&text, "=")) {
  }
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return absl::ascii_isalnum(c) || absl::string_view("-._~+/").find(c) != absl::string_view::npos;
  });
}

}  // namespace

std::optional<absl::string_view> BearerToken(const HttpHeaders& headers) {
  // Of two, another reader may choose the other one.
  if (headers.Count(kName) != 1) return std::nullopt;
  absl::string_view value = *headers.Find(kName);
  if (!absl::StartsWithIgnoreCase(value, kScheme)) return std::nullopt;
  value.remove_prefix(kScheme.size());
  while (absl::ConsumePrefix(&value, " ")) {  // RFC 9110, section 11.4: one space or more
  }
  if (!IsToken(value)) return std::nullopt;
  return value;
}

}  // namespace weft
