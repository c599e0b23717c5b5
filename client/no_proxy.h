// Which servers are not to be reached through a proxy: the variable no_proxy.

#ifndef WEFT_CLIENT_NO_PROXY_H_
#define WEFT_CLIENT_NO_PROXY_H_

#include <cstdint>

#include "absl/strings/string_view.h"

namespace weft {

// Whether `list` names the server at `host` (in lower case, IPv6 without brackets) and `port`. Its
// entries, between commas or spaces, are:
//   *                              every server
//   example.com, .example.com      this name, and all that end in .example.com
//   127.0.0.1, ::1, [::1]          an address; for servers that are given as one
//   10.0.0.0/8, fd00::/8           a network, likewise
//   example.com:8080, [::1]:8080   each but a network with a port: on that port only
// There is no standard; this is what curl and others have in common. What is none of these names no
// server.
bool NamedByNoProxy(absl::string_view list, absl::string_view host, uint16_t port);

}  // namespace weft

#endif  // WEFT_CLIENT_NO_PROXY_H_
