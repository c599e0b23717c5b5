// Shared by the echo servers with and without TLS.

#ifndef WEFT_EXAMPLES_ECHO_ECHO_SERVER_H_
#define WEFT_EXAMPLES_ECHO_ECHO_SERVER_H_

#include "weft/server.h"

namespace examples {

// Parses the command line: the flags of examples/server_main.h, and --max_message_bytes.
weft::ServerOptions EchoOptionsFromFlags(int argc, char** argv, const char* usage);

// examples::RunServer with sessions that echo every message.
int RunEchoServer(weft::ServerOptions options);

}  // namespace examples

#endif  // WEFT_EXAMPLES_ECHO_ECHO_SERVER_H_
