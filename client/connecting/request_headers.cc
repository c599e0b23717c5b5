#include "weft/client/connecting/request_headers.h"

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "weft/core/http/basic_auth.h"
#include "weft/core/http/bearer_auth.h"
#include "weft/core/http/cookie.h"
#include "weft/core/version.h"

namespace weft {
namespace {

// Empty if there is none.
absl::StatusOr<std::string> Authorization(const ClientOptions& options) {
  const std::string& token = options.request.bearer_token;
  if (options.request.basic_auth.has_value() && !token.empty()) {
    return absl::InvalidArgumentError(
        "request.basic_auth and request.bearer_token are both set, expected one of them");
  }
  if (options.request.basic_auth.has_value()) {
    return BasicAuthorization(*options.request.basic_auth);
  }
  if (token.empty()) return std::string();
  if (!IsBearerToken(token)) {
    return absl::InvalidArgumentError(
        "request.bearer_token has an invalid character, expected letters, digits and -._~+/");
  }
  return absl::StrCat("Bearer ", token);
}

constexpr absl::string_view kUserAgent = "User-Agent";

std::string OwnUserAgent() { return absl::StrCat("weft/", kVersion); }

}  // namespace

std::string UserAgent(const ClientOptions& options) {
  for (const auto& [name, value] : options.request.headers) {
    if (absl::EqualsIgnoreCase(name, kUserAgent)) return value;
  }
  return OwnUserAgent();
}

std::vector<std::pair<std::string, std::string>> AnonymousHeaders(const ClientOptions& options) {
  if (UserAgent(options).empty()) return {};
  return {{std::string(kUserAgent), OwnUserAgent()}};
}

absl::StatusOr<std::vector<std::pair<std::string, std::string>>> RequestHeaders(
    const ClientOptions& options) {
  const absl::StatusOr<std::string> authorization = Authorization(options);
  if (!authorization.ok()) return authorization.status();
  const absl::StatusOr<std::string> cookie = CookieHeader(options.request.cookies);
  if (!cookie.ok()) return cookie.status();

  std::vector<std::pair<std::string, std::string>> headers;
  bool has_user_agent = false;
  for (const auto& header : options.request.headers) {
    const bool user_agent = absl::EqualsIgnoreCase(header.first, kUserAgent);
    has_user_agent |= user_agent;
    if (!user_agent || !header.second.empty()) headers.push_back(header);
  }
  if (!has_user_agent) headers.emplace_back(kUserAgent, OwnUserAgent());
  const std::pair<absl::string_view, const std::string&> composed[] = {
      {"Authorization", *authorization}, {"Cookie", *cookie}};
  for (const auto& [name, value] : composed) {
    if (value.empty()) continue;
    for (const auto& header : options.request.headers) {
      if (absl::EqualsIgnoreCase(header.first, name)) {
        return absl::InvalidArgumentError(
            absl::StrCat("the header ", name, " is set both in `headers` and by an option"));
      }
    }
    headers.emplace_back(name, value);
  }
  return headers;
}

}  // namespace weft
