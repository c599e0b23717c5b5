// host[:port], as it stands in a URL, a Host header and an Origin header (RFC 3986, section 3.2).

#ifndef WEFT_CORE_HTTP_AUTHORITY_H_
#define WEFT_CORE_HTTP_AUTHORITY_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace weft {

struct Authority {
  absl::string_view host;        // as written; of "[::1]" what is between the brackets
  std::optional<uint16_t> port;  // 1 to 65535; none where the text has none, or nothing behind ':'
};

// Views into `text`. The host is an IPv4 address, an IPv6 address in brackets, or a name of ASCII
// letters, digits, '-', '.', '_' and '~'; one whose last label is a number must be an IPv4 address
// in four parts, because resolvers take "127.1" for one and a reader does not. Everything else is
// InvalidArgument, with what was wrong.
absl::StatusOr<Authority> ParseAuthority(absl::string_view text);

// "example.com:443", "[::1]:443": an IPv6 address, which has a ':', stands in brackets.
std::string AuthorityText(absl::string_view host, std::optional<uint16_t> port);

}  // namespace weft

#endif  // WEFT_CORE_HTTP_AUTHORITY_H_
