// Everybody's pointer in one space, and its page: open the printed address in two windows.
//
//   bazel run -c opt //examples/cursors:server

#include <utility>

#include "examples/cursors/cursors.h"
#include "examples/server_main.h"
#include "weft/server/router.h"

int main(int argc, char** argv) {
  weft::ServerOptions options =
      examples::ServerOptionsFromFlags(argc, argv, "Everybody's pointer in one space.");
  weft::cursors::Adjust(options);
  weft::cursors::Cursors cursors;
  weft::Router router;
  cursors.AddTo(router, "");
  router.ServeStatus();
  return examples::RunServer(std::move(options), router);
}
