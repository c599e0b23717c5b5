// The opening handshake line by line (RFC 6455, sections 1.3 and 4).

#ifndef WEFT_EXAMPLES_INSPECT_HANDSHAKE_H_
#define WEFT_EXAMPLES_INSPECT_HANDSHAKE_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "weft/core/deflate/compression.h"

namespace examples {

// One line of a head, and its purpose.
struct HeadLine {
  std::string text{};
  std::string meaning{};  // empty: not part of the handshake
  std::string section{};  // of RFC 6455, or empty
};

// The steps from Sec-WebSocket-Key to Sec-WebSocket-Accept.
struct AcceptSteps {
  std::string key{};
  std::string joined{};  // followed by the GUID
  std::string digest{};  // its SHA-1, in hex
  std::string accept{};  // its base64
};

AcceptSteps StepsOf(absl::string_view key);

struct HandshakeLines {
  std::vector<HeadLine> request{};
  std::vector<HeadLine> response{};
  std::string error{};  // why the response is not 101; empty if it is
  AcceptSteps steps{};  // all empty if there is no key
};

// Explains `request`, and a server's response to it. Lines may end as in any editor, and the empty
// line at the end may be missing.
HandshakeLines ReadHandshake(absl::string_view request,
                             const weft::CompressionOptions& compression);

// The lines of a head as on the wire.
std::vector<HeadLine> LinesOf(absl::string_view head);

}  // namespace examples

#endif  // WEFT_EXAMPLES_INSPECT_HANDSHAKE_H_
