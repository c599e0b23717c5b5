// A physics world in which players push and throw things, and its page: open the printed address in
// a browser.
//
//   bazel run -c opt //examples/world:server

#include <utility>

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "examples/output.h"
#include "examples/server_main.h"
#include "examples/world/scene.h"
#include "examples/world/world.h"
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
  weft::world::Adjust(options);
  weft::world::World world(bodies);
  weft::Router router;
  world.AddTo(router, "");
  router.ServeStatus();
  return examples::RunServer(std::move(options), router);
}
