// All examples that have a page, in one process, on one port: open the printed address.
//
//   ./bazelw run //examples

#include "weft/server/server.h"

#include <utility>

#include "examples/gallery/gallery.h"
#include "examples/server_main.h"

int main(int argc, char** argv) {
  weft::ServerOptions options = examples::ServerOptionsFromFlags(
      argc, argv,
      "All examples that have a page, on one port: the page at / shows each of them.\n"
      "\n"
      "Others on your network can open it with --address=0.0.0.0.");
  examples::Gallery::Adjust(options);
  examples::Gallery gallery(options);
  weft::Router router;
  gallery.AddTo(router);
  router.ServeStatus();
  return examples::RunServer(std::move(options), router,
                             [&gallery](weft::Server& server) { return gallery.Start(server); });
}
