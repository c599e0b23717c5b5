#include "weft/core/http/bearer_auth.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/strip.h"

namespace weft {
namespace {

constexpr absl::string_view kName = "Authorization";
constexpr absl::string_view kBearer = "Bearer ";

}  // namespace

bool IsBearerToken(absl::string_view text) {
  text = text.substr(0, text.find_last_not_of('=') + 1);
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isalnum(c) || absl::StrContains("-._~+/", c);
  });
}

std::optional<absl::string_view> BearerToken(const HttpHeaders& headers) {
  // Of two, another reader may choose the other one.
  if (headers.Count(kName) != 1) return std::nullopt;
  absl::string_view value = *headers.Find(kName);
  if (!absl::StartsWithIgnoreCase(value, kBearer)) return std::nullopt;
  value.remove_prefix(kBearer.size());
  while (absl::ConsumePrefix(&value, " ")) {  // RFC 9110, section 11.4: one space or more
  }
  if (!IsBearerToken(value)) return std::nullopt;
  return value;
}

}  // namespace weft
