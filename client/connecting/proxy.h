// A proxy, which connects to servers for us.

#ifndef WEFT_CLIENT_CONNECTING_PROXY_H_
#define WEFT_CLIENT_CONNECTING_PROXY_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "weft/core/http/basic_auth.h"

namespace weft {

struct Proxy {
  enum class Kind {
    kHttp,    // CONNECT (RFC 9110, section 9.3.6)
    kSocks5,  // RFC 1928; the proxy resolves names
  };

  Kind kind = Kind::kHttp;
  bool tls = false;  // to the proxy itself
  std::string host{};
  uint16_t port = 0;
  std::optional<BasicCredentials> credentials{};

  // "http://127.0.0.1:3128": without the credentials, for messages.
  std::string ToString() const;
};

// Parses "http://127.0.0.1:3128", "socks5://user:password@[::1]" (port 1080; 80 for http://) or
// "127.0.0.1:3128", which is http; and "https://proxy.example" (port 443) or
// "socks5s://proxy.example" (port 1080) for a proxy that is itself reached with TLS. socks5h:// and
// socks://, which desktops use, are socks5://. User and password may be %-encoded. InvalidArgument,
// which never contains the password, for everything else.
absl::StatusOr<Proxy> ParseProxy(absl::string_view text);

}  // namespace weft

#endif  // WEFT_CLIENT_CONNECTING_PROXY_H_
