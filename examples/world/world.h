// The example as a part of a server: the endpoint and its page.

#ifndef WEFT_EXAMPLES_WORLD_WORLD_H_
#define WEFT_EXAMPLES_WORLD_WORLD_H_

#include <vector>

#include "absl/strings/string_view.h"
#include "examples/world/state.h"
#include "examples/world/world_thread.h"
#include "weft/server/router.h"
#include "weft/server/server.h"

namespace weft::world {

// One world, simulated on a thread of its own. It must outlive the servers of its routers.
//
//   weft::world::World world(1000);
//   weft::Router router;
//   world.AddTo(router, "/world");  // open http://127.0.0.1:8080/world/
class World {
 public:
  // With this number of bodies, 0 to kMaxBodies.
  explicit World(int bodies);

  // Adds the endpoint, at `prefix` and a slash, and the page with its files below it. `prefix` is
  // empty or starts with a slash. The endpoint answers 503 while there are kMaxPlayers.
  void AddTo(Router& router, absl::string_view prefix);

  // All bodies and avatars, a few times per second, for an observer that is not a player.
  // Thread-safe.
  std::vector<State> Look() { return thread_.Look(); }

 private:
  WorldThread thread_;
};

// The limits of a server that serves a world only.
void Adjust(ServerOptions& options);

}  // namespace weft::world

#endif  // WEFT_EXAMPLES_WORLD_WORLD_H_
