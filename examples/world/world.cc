#include "examples/world/world.h"

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "examples/page.h"
#include "examples/world/page_files.h"
#include "examples/world/player.h"
#include "examples/world/rules.h"
#include "examples/world/scene.h"

namespace weft::world {

World::World(int bodies) : thread_(MakeScene(bodies)) {}

void World::AddTo(Router& router, absl::string_view prefix) {
  router.WebSocket(absl::StrCat(prefix, "/"),
                   [this](auto&, auto&) -> absl::StatusOr<std::unique_ptr<Player>> {
                     if (thread_.players() >= kMaxPlayers) {
                       return absl::UnavailableError("the world is full");
                     }
                     return std::make_unique<Player>(thread_);
                   });
  router.Get(absl::StrCat(prefix, "/*"), examples::ServePage(prefix, examples::kWorldPage));
}

void Adjust(ServerOptions& options) {
  // A player sends about forty messages per second, of at most six bytes. Messages that the network
  // delayed by two seconds arrive at once.
  options.connection.max_message_bytes = 64;
  options.rates.messages = {.per_second = 60, .burst = 120};
}

}  // namespace weft::world
