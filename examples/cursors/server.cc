// Everybody's pointer in one space, and its page: open the printed address in two windows.
//
//   bazel run -c opt //examples/cursors:server

#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>

#include "examples/cursors/page_files.h"
#include "examples/cursors/room.h"
#include "examples/cursors/shared_room.h"
#include "examples/cursors/ticker.h"
#include "examples/cursors/visitor.h"
#include "examples/page.h"
#include "examples/server_main.h"
#include "weft/server/router.h"

int main(int argc, char** argv) {
  weft::ServerOptions options =
      examples::ServerOptionsFromFlags(argc, argv, "Everybody's pointer in one space.");
  // Cursor numbers have 16 bits, and one that left keeps its number until the next tick.
  options.limits.max_connections = std::min<size_t>(options.limits.max_connections, 60000);
  // A client sends 32 messages per second, of at most six bytes. Messages that the network delayed
  // by two seconds arrive at once.
  options.connection.max_message_bytes = 64;
  options.rates.messages = {.per_second = 40, .burst = 80};
  weft::cursors::SharedRoom room;
  weft::cursors::Ticker ticker(weft::cursors::kTicksPerSecond, [&room] { room.Tick(); });
  weft::Router router;
  router.WebSocket(
      "/", [&room](auto&, auto&) { return std::make_unique<weft::cursors::Visitor>(room); });
  router.Get("/*", examples::ServePage(examples::kPageFiles)).ServeStatus();
  return examples::RunServer(std::move(options), router);
}
