// Basic authentication: a user name and a password in a header (RFC 7617).

#ifndef WEFT_CORE_HTTP_BASIC_AUTH_H_
#define WEFT_CORE_HTTP_BASIC_AUTH_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace weft {

// Anyone on the path can read these, unless TLS is used.
struct BasicCredentials {
  std::string user{};  // without a ':', which ends it on the wire
  std::string password{};
};

// The value of the header Authorization, or of Proxy-Authorization. InvalidArgument, whose message
// does not contain the password, for a user name with a ':' and for control characters in either.
absl::StatusOr<std::string> BasicAuthorization(const BasicCredentials& credentials);

// Parses such a value. Unauthenticated, which a server answers with 401, for any other value:
// empty, or of another scheme. The message does not contain the value.
//
// A server that admits one user:
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
