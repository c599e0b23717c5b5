#include "weft/core/http/basic_auth.h"

#include <algorithm>
#include <cstddef>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "weft/core/http/quote.h"

namespace weft {
namespace {

constexpr absl::string_view kBasic = "Basic ";

bool HasControls(absl::string_view text) {
  return std::any_of(text.begin(), text.end(), absl::ascii_iscntrl);
}

}  // namespace

absl::StatusOr<std::string> BasicAuthorization(const BasicCredentials& credentials) {
  if (credentials.user.find(':') != std::string::npos) {
    return absl::InvalidArgumentError(absl::StrCat("the user name ", Quote(credentials.user),
                                                   " holds a ':', which Basic authentication has "
                                                   "between name and password"));
  }
  if (HasControls(credentials.user) || HasControls(credentials.password)) {
    return absl::InvalidArgumentError("the user name or the password holds a control character");
  }
  return absl::StrCat(
      kBasic, absl::Base64Escape(absl::StrCat(credentials.user, ":", credentials.password)));
}

absl::StatusOr<BasicCredentials> ParseBasicAuthorization(absl::string_view value) {
  const absl::Status error =
      absl::UnauthenticatedError(value.empty() ? "a user name and a password are required"
                                               : "the credentials do not use the scheme \"Basic\"");
  if (!absl::StartsWithIgnoreCase(value, kBasic)) return error;
  const absl::string_view encoded = value.substr(kBasic.size());
  // Base64Unescape() skips spaces.
  if (!std::all_of(encoded.begin(), encoded.end(), absl::ascii_isgraph)) return error;
  std::string text;
  if (!absl::Base64Unescape(encoded, &text)) return error;
  const size_t colon = text.find(':');
  if (colon == std::string::npos || HasControls(text)) return error;
  return BasicCredentials{text.substr(0, colon), text.substr(colon + 1)};
}

}  // namespace weft
