// Shared by the examples' servers: flags, a line with the address, an end on Ctrl-C.

#ifndef WEFT_EXAMPLES_SERVER_MAIN_H_
#define WEFT_EXAMPLES_SERVER_MAIN_H_

#include "weft/server.h"

namespace examples {

// Parses the command line, with `usage` for --help: --address, --port, --threads,
// --max_connections, --allow_origin, --allow_host, --compression, --drain, --verbose.
weft::ServerOptions ServerOptionsFromFlags(int argc, char** argv, const char* usage);

// Serves until SIGINT or SIGTERM, and then drains if --drain is set; with TLS, SIGHUP reloads the
// certificates. Prints "Server Listening on ADDRESS:PORT", and the URL of the page if there is one
// that a browser can open; returns main's result.
int RunServer(weft::ServerOptions options, const weft::Router& router);

// The same with sessions on every path, and /healthz, /readyz and /metrics.
int RunServer(weft::ServerOptions options, weft::Acceptor acceptor);

}  // namespace examples

#endif  // WEFT_EXAMPLES_SERVER_MAIN_H_
