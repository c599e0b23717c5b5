// The options of the echo servers with and without TLS.

#ifndef WEFT_EXAMPLES_ECHO_ECHO_FLAGS_H_
#define WEFT_EXAMPLES_ECHO_ECHO_FLAGS_H_

#include "weft/server.h"

namespace examples {

// Parses the command line: the flags of examples/server_main.h, --max_message_bytes and
// --handler_threads. Echo::Adjust has adjusted the result.
weft::ServerOptions EchoOptionsFromFlags(int argc, char** argv, const char* usage);

}  // namespace examples

#endif  // WEFT_EXAMPLES_ECHO_ECHO_FLAGS_H_
