// What --forward says.

#ifndef WEFT_EXAMPLES_INSPECT_FORWARD_H_
#define WEFT_EXAMPLES_INSPECT_FORWARD_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "examples/inspect/tap.h"
#include "weft/server/server_options.h"

namespace examples {

struct Forward {
  TapOptions tap{};
  std::string resource{};  // of the URL: what clients ask for, as without the tap
};

// Reads the URL of a server, for a tap that listens on `tap_port` where the inspect server itself
// does. InvalidArgument for what is no ws:// URL; for wss://, of which nothing could be seen; and
// for the inspect server itself, whose page would be told of its being told, for ever.
absl::StatusOr<Forward> ParseForward(absl::string_view url, uint16_t tap_port,
                                     const weft::ServerOptions& server);

}  // namespace examples

#endif  // WEFT_EXAMPLES_INSPECT_FORWARD_H_
