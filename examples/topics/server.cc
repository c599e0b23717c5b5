// Sends each message to all clients that are connected to the same path.
//
//   bazel run //examples/topics:server

#include <memory>
#include <string>
#include <utility>

#include "examples/server_main.h"
#include "examples/topics/subscriber.h"

int main(int argc, char** argv) {
  weft::ServerOptions options = examples::ServerOptionsFromFlags(
      argc, argv, "Sends each message to all clients of the same path, which is the topic.");
  options.sending.when_full = weft::WhenFull::kDisconnect;  // a client that reads too slowly
  weft::Router router;
  router.WebSocket("/{topic}", [](const weft::SessionRequest& request, weft::UpgradeResponse&) {
    return std::make_unique<examples::Subscriber>(std::string(*request.path("topic")));
  });
  router.ServeStatus();
  return examples::RunServer(std::move(options), router);
}
