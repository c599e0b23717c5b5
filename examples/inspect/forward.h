// The value of --forward.

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
  std::string resource{};  // of the URL: what clients request, as without the tap
};

// Parses the URL of a server, for a tap that listens on `tap_port` at the address of the inspect
// server. InvalidArgument if it is not a ws:// URL; for wss://, which the tap cannot read; and for
// the inspect server itself, whose page would log its own log entries forever.
absl::StatusOr<Forward> ParseForward(absl::string_view url, uint16_t tap_port,
                                     const weft::ServerOptions& server);

}  // namespace examples

#endif  // WEFT_EXAMPLES_INSPECT_FORWARD_H_
