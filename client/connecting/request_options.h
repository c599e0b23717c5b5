// The parts of the opening request that a client chooses.

#ifndef WEFT_CLIENT_CONNECTING_REQUEST_OPTIONS_H_
#define WEFT_CLIENT_CONNECTING_REQUEST_OPTIONS_H_

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "weft/core/http/basic_auth.h"

namespace weft {

// ClientOptions::request.
struct ClientRequest {
  // Subprotocols to offer, in order of preference; Client::subprotocol() is the server's choice.
  std::vector<std::string> subprotocols{};

  // The Origin header, such as "https://example.com"; empty: none is sent, which is right for a
  // program other than a browser.
  std::string origin{};

  // Authentication for the server: the header Authorization, from a user name and a password, or
  // from a token (RFC 6750); not both. Only TLS keeps them secret.
  std::optional<BasicCredentials> basic_auth{};
  std::string bearer_token{};

  // Cookies for the server: name, value (core/http/cookie.h). Cookies that it sets are not stored.
  std::vector<std::pair<std::string, std::string>> cookies{};

  // More headers for the request: name, value. If none is named User-Agent, that is "weft/VERSION"
  // (RFC 9110, section 10.1.5); an empty one is not sent. Proxies get the same User-Agent.
  std::vector<std::pair<std::string, std::string>> headers{};
};

}  // namespace weft

#endif  // WEFT_CLIENT_CONNECTING_REQUEST_OPTIONS_H_
