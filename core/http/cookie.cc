#include "weft/core/http/cookie.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "weft/core/http/http.h"
#include "weft/core/http/quote.h"

namespace weft {
namespace {

bool IsCookieValue(absl::string_view value) {
  return std::none_of(value.begin(), value.end(),
                      [](unsigned char c) { return c == ';' || absl::ascii_iscntrl(c); }) &&
         absl::StripAsciiWhitespace(value).size() == value.size();
}

}  // namespace

absl::StatusOr<std::string> CookieHeader(
    absl::Span<const std::pair<std::string, std::string>> cookies) {
  std::string header;
  for (const auto& [name, value] : cookies) {
    if (!IsHttpToken(name)) {
      return absl::InvalidArgumentError(absl::StrCat(Quote(name), " is not a cookie name"));
    }
    if (!IsCookieValue(value)) {
      return absl::InvalidArgumentError(
          absl::StrCat("the value of the cookie ", name,
                       " holds a ';' or a control character, or begins or ends with a space"));
    }
    absl::StrAppend(&header, header.empty() ? "" : "; ", name, "=", value);
  }
  return header;
}

}  // namespace weft
