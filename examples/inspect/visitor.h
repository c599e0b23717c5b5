// A session of the page.

#ifndef WEFT_EXAMPLES_INSPECT_VISITOR_H_
#define WEFT_EXAMPLES_INSPECT_VISITOR_H_

#include <string>
#include <vector>

#include "examples/inspect/tap_log.h"
#include "weft/core/deflate/compression.h"
#include "weft/server/server.h"

namespace examples {

// The tap, as shown to the page.
struct TapView {
  TapLog* log = nullptr;                // must outlive the server; null: there is no tap
  std::string connect{};                // the URL for clients
  std::vector<std::string> forwards{};  // the URLs that they would use without it, as the owner
                                        // named them; `connect` is for the first
};

// Accepts sessions. Each gets its own opening handshake as a greeting, then answers (answers.h),
// and also the tap's log entries. `compression` is the server's.
weft::Acceptor VisitorAcceptor(const weft::CompressionOptions& compression, TapView tap = {});

}  // namespace examples

#endif  // WEFT_EXAMPLES_INSPECT_VISITOR_H_
