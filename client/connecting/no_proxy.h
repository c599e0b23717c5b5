// Servers that are not reached through a proxy: the variable no_proxy.

#ifndef WEFT_CLIENT_CONNECTING_NO_PROXY_H_
#define WEFT_CLIENT_CONNECTING_NO_PROXY_H_

#include <cstdint>

#include "absl/strings/string_view.h"

namespace weft {

// Whether `list` contains the server at `host` (in lower case, IPv6 without brackets) and `port`.
// Its entries, separated by commas or spaces, are:
//   *                              every server
//   example.com, .example.com      this name, and all that end in .example.com
//   127.0.0.1, ::1, [::1]          an address; for servers that are given by address
//   10.0.0.0/8, fd00::/8           a network, likewise
//   example.com:8080, [::1]:8080   each except a network with a port: only on that port
// There is no standard; these are the forms that curl and others share. Any other entry matches no
// server.
bool NamedByNoProxy(absl::string_view list, absl::string_view host, uint16_t port);

}  // namespace weft

#endif  // WEFT_CLIENT_CONNECTING_NO_PROXY_H_
