// The echo as a part of a server.

#ifndef WEFT_EXAMPLES_ECHO_ECHO_H_
#define WEFT_EXAMPLES_ECHO_ECHO_H_

#include "absl/strings/string_view.h"
#include "weft/server/router.h"
#include "weft/server/server_options.h"

namespace examples {

// Sends every message back to its sender, and has a page to try it.
class Echo {
 public:
  // Adds the endpoint, on each path below the prefix, and the page. `prefix` is "", or a path
  // without a slash at its end: "/echo" has the page at "/echo/".
  void AddTo(weft::Router& router, absl::string_view prefix) const;

  // Sets the option that the echo needs: no message is left out, so a client that does not read its
  // echoes is disconnected, with 1013.
  static void Adjust(weft::ServerOptions& options);
};

}  // namespace examples

#endif  // WEFT_EXAMPLES_ECHO_ECHO_H_
