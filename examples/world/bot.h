// A simulated player.

#ifndef WEFT_EXAMPLES_WORLD_BOT_H_
#define WEFT_EXAMPLES_WORLD_BOT_H_

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "examples/world/geometry.h"
#include "examples/world/messages.h"
#include "examples/world/replica.h"
#include "examples/world/state.h"
#include "examples/world/team.h"

namespace weft::world {

// Walks from one spot to another, and picks up and throws objects on its way; every fourth one
// plays the ball instead. No network and no clock: it acts on each snapshot, 20 times per second.
class Bot {
 public:
  explicit Bot(uint32_t seed) : random_(seed), plays_(seed % 4 == 0) {}

  // Takes a message of the server; the result is the message to send. An error is the server's.
  absl::StatusOr<std::vector<std::string>> OnMessage(absl::string_view message);

  const Replica& replica() const { return replica_; }
  uint32_t snapshots() const { return snapshots_; }
  const Figures& figures() const { return figures_; }  // the last

 private:
  Input Think();
  Input GoTo(Vector way, bool act);
  Vector SomeSpot();
  const State* Ball() const;
  Input Play(Vector ball);

  std::mt19937 random_;
  const bool plays_;
  Team team_ = Team::kSun;
  Replica replica_;
  Figures figures_;
  uint32_t snapshots_ = 0;
  uint8_t input_ = 0;
  Vector target_;
  uint32_t until_ = 0;  // the snapshot at which it chooses another destination
};

}  // namespace weft::world

#endif  // WEFT_EXAMPLES_WORLD_BOT_H_
