// A session of the page.

#ifndef WEFT_EXAMPLES_INSPECT_VISITOR_H_
#define WEFT_EXAMPLES_INSPECT_VISITOR_H_

#include <string>

#include "examples/inspect/tap_log.h"
#include "weft/core/deflate/compression.h"
#include "weft/server/server.h"

namespace examples {

// The tap, as the page is told of it.
struct TapView {
  TapLog* log = nullptr;   // null: there is no tap. It must outlive the server
  std::string connect{};   // the URL for clients
  std::string forwards{};  // the URL that they would have used without it
};

// Accepts sessions that are greeted with their own opening handshake, then answered (answers.h),
// and meanwhile told what goes through the tap. `compression` is the server's.
weft::Acceptor VisitorAcceptor(const weft::CompressionOptions& compression, TapView tap = {});

}  // namespace examples

#endif  // WEFT_EXAMPLES_INSPECT_VISITOR_H_
