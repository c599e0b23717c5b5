// What the examples' servers have in common: flags, a line that says where, an end on Ctrl-C.

#ifndef WEFT_EXAMPLES_SERVER_MAIN_H_
#define WEFT_EXAMPLES_SERVER_MAIN_H_

#include "weft/server/router.h"
#include "weft/server/server.h"

namespace examples {

// Parses the command line, with --help from `usage`: --address, --port, --threads,
// --max_connections, --allow_origin, --allow_host, --compression, --drain, --verbose.
weft::ServerOptions ServerOptionsFromFlags(int argc, char** argv, const char* usage);

// Serves until SIGINT or SIGTERM, and then drains if --drain says so; with TLS, SIGHUP reads the
// certificates again. Prints "Server Listening on ADDRESS:PORT", and the URL of the page if there
// is one that a browser can open; returns main's result.
int RunServer(weft::ServerOptions options, const weft::Router& router);

// The same with sessions on every path, and /healthz, /readyz and /metrics.
int RunServer(weft::ServerOptions options, weft::Acceptor acceptor);

}  // namespace examples

#endif  // WEFT_EXAMPLES_SERVER_MAIN_H_
