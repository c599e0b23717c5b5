// Shared by the examples' servers: flags, a line with the address, an end on Ctrl-C.

#ifndef WEFT_EXAMPLES_SERVER_MAIN_H_
#define WEFT_EXAMPLES_SERVER_MAIN_H_

#include <functional>
#include <memory>

#include "weft/server.h"

namespace examples {

// Parses the command line, with `usage` for --help: --address, --port, --threads,
// --max_connections, --allow_origin, --allow_host, --trusted_proxies, --proxy_protocol,
// --compression, --drain, --access_log, --verbose. Raises the limit of file descriptors, and takes
// the sockets that systemd has opened (docs/howto/systemd.md) instead of --address and --port.
weft::ServerOptions ServerOptionsFromFlags(int argc, char** argv, const char* usage);

// Serves until SIGINT or SIGTERM, and then drains if --drain is set; with TLS, SIGHUP reloads the
// certificates. Tells systemd when it is ready, and when it ends. Prints "Server Listening on
// ADDRESS:PORT", and the URLs of the page if there is one that a browser can open; returns main's
// result.
int RunServer(weft::ServerOptions options, const weft::Router& router);

// The same with work of the application that uses the server, such as a thread that publishes:
// `start` is called before the server serves, and its result is destroyed before the server is.
using StartWork = std::function<std::shared_ptr<void>(weft::Server& server)>;
int RunServer(weft::ServerOptions options, const weft::Router& router, const StartWork& start);

// The first with sessions on every path, and /healthz, /readyz and /metrics.
int RunServer(weft::ServerOptions options, weft::Acceptor acceptor);

}  // namespace examples

#endif  // WEFT_EXAMPLES_SERVER_MAIN_H_
