// A physics world in which players push and throw things, and its page: open the printed address in
// a browser.
//
//   bazel run -c opt //examples/world:server

#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "examples/output.h"
#include "examples/page.h"
#include "examples/server_main.h"
#include "examples/world/page_files.h"
#include "examples/world/player.h"
#include "examples/world/rules.h"
#include "examples/world/scene.h"
#include "examples/world/world_thread.h"
#include "weft/server/router.h"

ABSL_FLAG(int, bodies, 1000, "the number of bodies, at most 2000");

int main(int argc, char** argv) {
  weft::ServerOptions options = examples::ServerOptionsFromFlags(
      argc, argv, "A physics world in which players push and throw things.");
  const int bodies = absl::GetFlag(FLAGS_bodies);
  if (bodies < 0 || bodies > weft::world::kMaxBodies) {
    examples::ErrorOutput().Write(
        absl::StrCat("--bodies must be 0 to ", weft::world::kMaxBodies, ", not ", bodies));
    return 2;
  }
  options.limits.max_connections =
      std::min<size_t>(options.limits.max_connections, weft::world::kMaxPlayers);
  // A player sends about forty messages per second, of at most six bytes. Messages that the network
  // delayed by two seconds arrive at once.
  options.connection.max_message_bytes = 64;
  options.rates.messages = {.per_second = 60, .burst = 120};
  weft::world::WorldThread world(weft::world::MakeScene(bodies));
  weft::Router router;
  router.WebSocket("/",
                   [&world](auto&, auto&) { return std::make_unique<weft::world::Player>(world); });
  router.Get("/*", examples::ServePage(examples::kPageFiles)).ServeStatus();
  return examples::RunServer(std::move(options), router);
}
