#include "weft/core/http/cookie.h"

#include <algorithm>
#include <cstddef>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
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

// Section 4.2.1: pairs that are separated by a semicolon and a space. Also reads more or fewer
// spaces, and several header fields, which HTTP/2 proxies may leave (RFC 9113, section 8.2.3).
std::optional<absl::string_view> CookieValue(const HttpHeaders& headers, absl::string_view name) {
  for (const HttpHeader& header : headers) {
    if (!header.IsNamed("Cookie")) continue;
    for (absl::string_view pair : absl::StrSplit(header.value, ';')) {
      pair = absl::StripAsciiWhitespace(pair);
      const size_t equals = pair.find('=');
      if (equals == pair.npos || equals == 0 || pair.substr(0, equals) != name) continue;
      return pair.substr(equals + 1);
    }
  }
  return std::nullopt;
}

}  // namespace weft
