// The two keys of the opening handshake (RFC 6455, sections 1.3 and 4.1).

#ifndef WEFT_CORE_HANDSHAKE_ACCEPT_KEY_H_
#define WEFT_CORE_HANDSHAKE_ACCEPT_KEY_H_

#include <string>

#include "absl/strings/string_view.h"

namespace weft {

// A new Sec-WebSocket-Key: 16 random bytes in base64.
std::string RandomKey();

// Whether `key` is valid: 24 characters, the base64 of 16 bytes.
bool IsKey(absl::string_view key);

// The string that the server appends to the key before it takes the SHA-1 (section 1.3).
inline constexpr absl::string_view kAcceptGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

// The Sec-WebSocket-Accept that answers `key`: it proves that the server understands the WebSocket
// handshake, and is not some other server that was tricked into answering.
std::string AcceptKey(absl::string_view key);

// The same, appended to a text.
void AppendAcceptKey(absl::string_view key, std::string* out);

}  // namespace weft

#endif  // WEFT_CORE_HANDSHAKE_ACCEPT_KEY_H_
