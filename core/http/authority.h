// host[:port], as in a URL, a Host header and an Origin header (RFC 3986, section 3.2).

#ifndef WEFT_CORE_HTTP_AUTHORITY_H_
#define WEFT_CORE_HTTP_AUTHORITY_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace weft {

struct Authority {
  absl::string_view host;        // as written; of "[::1]" the text between the brackets
  std::optional<uint16_t> port;  // 1 to 65535; none if the text has none, or nothing after ':'
};

// Parses host[:port]; the result has views into `text`. The host is an IPv4 address, an IPv6
// address in brackets, or a name of ASCII letters, digits, '-', '.', '_' and '~'. A name whose last
// label is a number must be an IPv4 address in four parts, because resolvers accept "127.1" as one
// and a reader does not recognize it. Anything else is InvalidArgument, with the reason.
absl::StatusOr<Authority> ParseAuthority(absl::string_view text);

// "example.com:443", "[::1]:443": an IPv6 address, which has a ':', is written in brackets.
std::string AuthorityText(absl::string_view host, std::optional<uint16_t> port);

}  // namespace weft

#endif  // WEFT_CORE_HTTP_AUTHORITY_H_
