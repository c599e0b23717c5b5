// Recognizes hosts that are this machine.

#ifndef WEFT_TRANSPORT_LOOPBACK_H_
#define WEFT_TRANSPORT_LOOPBACK_H_

#include "absl/strings/string_view.h"

namespace weft {

// Whether `host` is this machine, independent of any name service: the name localhost and every
// name under it, with or without a final dot, in upper or lower case (RFC 6761, section 6.3); the
// addresses 127.0.0.0/8, also IPv4-mapped (::ffff:127.0.0.1), and ::1.
//
// `host` has no port; an IPv6 address may be in brackets. False for text that is not a host.
bool IsLoopbackHost(absl::string_view host);

// Whether `host` is such a name, not an address. Never look up such a name: a name service may
// answer with another machine.
bool IsLoopbackName(absl::string_view host);

}  // namespace weft

#endif  // WEFT_TRANSPORT_LOOPBACK_H_
