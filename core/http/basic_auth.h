// Basic authentication: a user name and a password in a header (RFC 7617).

#ifndef WEFT_CORE_HTTP_BASIC_AUTH_H_
#define WEFT_CORE_HTTP_BASIC_AUTH_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace weft {

// Anybody on the way can read them, unless TLS hides them.
struct BasicCredentials {
  std::string user{};  // without a ':', which ends it on the wire
  std::string password{};
};

// The value of the header Authorization, or of Proxy-Authorization. InvalidArgument, in words that
// do not show the password, for a user with a ':' and for control characters in either.
absl::StatusOr<std::string> BasicAuthorization(const BasicCredentials& credentials);

// Reads such a value. Unauthenticated, which a server answers with 401, for every other: an empty
// one, another scheme. The message does not show it.
//
// A server that lets in one user:
//
//   const auto header = request.headers.Find("Authorization");
//   const absl::StatusOr<BasicCredentials> who = ParseBasicAuthorization(header.value_or(""));
//   if (!who.ok()) return who.status();
//   const bool user = ConstantTimeEqual(who->user, "joe");    // core/http/constant_time.h
//   const bool password = ConstantTimeEqual(who->password, secret);
//   if (!user || !password) return absl::UnauthenticatedError("wrong user or password");
absl::StatusOr<BasicCredentials> ParseBasicAuthorization(absl::string_view value);

}  // namespace weft

#endif  // WEFT_CORE_HTTP_BASIC_AUTH_H_
