// The flags of the tap.

#ifndef WEFT_EXAMPLES_INSPECT_FORWARD_H_
#define WEFT_EXAMPLES_INSPECT_FORWARD_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "examples/inspect/tap.h"
#include "weft/server/server_options.h"

namespace examples {

struct TapFlags {
  std::vector<std::string> forward{};  // URLs of servers, at least one
  uint16_t tap_port = 0;
  std::string ca{};    // for wss:// servers: a PEM file with the roots to trust
  std::string cert{};  // for wss:// clients: the tap's certificate,
  std::string key{};   // and its key
};

struct Forward {
  TapOptions tap{};
  std::string resource{};  // of the first URL: what clients request, as without the tap
};

// The options of a tap at the address of the inspect server, with its allowed origins and hosts.
// InvalidArgument, with the flag, if a URL is not ws:// or wss://, or is of the inspect server
// itself, whose page would log its own log entries forever; and for certificates that cannot be
// used.
absl::StatusOr<Forward> ParseForward(const TapFlags& flags, const weft::ServerOptions& server);

}  // namespace examples

#endif  // WEFT_EXAMPLES_INSPECT_FORWARD_H_
