// A session of the page.

#ifndef WEFT_EXAMPLES_INSPECT_VISITOR_H_
#define WEFT_EXAMPLES_INSPECT_VISITOR_H_

#include <string>

#include "weft/core/compression.h"
#include "weft/server/server.h"

namespace examples {

// Accepts sessions that are greeted with their own opening handshake, and then answered: see
// answers.h. `compression` is the server's.
weft::Acceptor VisitorAcceptor(const weft::CompressionOptions& compression);

}  // namespace examples

#endif  // WEFT_EXAMPLES_INSPECT_VISITOR_H_
