// Hello, WebSocket: a server that sends every message back to its sender, and a page to try it.
//
//   ./bazelw run //examples/echo:server

#include "weft/server.h"

#include "examples/echo/echo.h"
#include "examples/echo/echo_flags.h"
#include "examples/server_main.h"

int main(int argc, char** argv) {
  const weft::ServerOptions options =
      examples::EchoOptionsFromFlags(argc, argv, "Sends every message back to its sender.");
  weft::Router router;
  examples::Echo().AddTo(router, "");
  router.ServeStatus();  // /healthz, /readyz and /metrics
  return examples::RunServer(options, router);
}
