// The page's messages, in JSON. All decoding happens here: the page only draws.

#ifndef WEFT_EXAMPLES_INSPECT_JSON_H_
#define WEFT_EXAMPLES_INSPECT_JSON_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "examples/inspect/frame_reader.h"
#include "examples/inspect/handshake.h"
#include "nlohmann/json.hpp"
#include "weft/core/frame/frame_rules.h"

namespace examples {

// A frame with its fields. Bytes are in hex, two digits each; `deflate` as in FieldsOf.
nlohmann::json FrameJson(const SeenFrame& frame, bool deflate);

nlohmann::json LinesJson(const std::vector<HeadLine>& lines);
nlohmann::json StepsJson(const AcceptSteps& steps);
nlohmann::json HandshakeJson(const HandshakeLines& handshake);

// "client" or "server".
const char* RoleName(weft::Role role);

// The JSON text. A string that is not UTF-8 has U+FFFD in place of invalid bytes.
std::string TextOf(const nlohmann::json& json);

// Parses bytes typed as hex digits, two each, with spaces, line ends, commas, colons or "0x"
// between them. InvalidArgument names the character that is none of these, or says that the last
// byte has only one digit.
absl::StatusOr<std::string> ParseHex(absl::string_view text);

}  // namespace examples

#endif  // WEFT_EXAMPLES_INSPECT_JSON_H_
