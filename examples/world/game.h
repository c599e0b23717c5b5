// The world and its players, without a network and without a clock.

#ifndef WEFT_EXAMPLES_WORLD_GAME_H_
#define WEFT_EXAMPLES_WORLD_GAME_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "examples/world/input_queue.h"
#include "examples/world/interest_grid.h"
#include "examples/world/messages.h"
#include "examples/world/simulation.h"
#include "examples/world/state.h"
#include "examples/world/viewer.h"

namespace weft::world {

// Moves each player's avatar by the player's inputs, and sends each what it sees of the world, 20
// times per second. A third of the players gets a message after each tick, so that no tick has all
// the work. Not thread-safe.
class Game {
 public:
  using PlayerId = uint64_t;

  explicit Game(absl::Span<const Placement> bodies) : simulation_(bodies) {}

  // The message that greets the player.
  std::string Join(PlayerId player);
  void Leave(PlayerId player);
  void OnInput(PlayerId player, const Input& input);
  void OnAcknowledgement(PlayerId player, const Acknowledgement& acknowledgement);

  // One tick; `send` gets the snapshots that are due.
  void Tick(absl::FunctionRef<void(PlayerId, absl::string_view)> send);

  // All figures except the times.
  Figures figures() const;

 private:
  struct Player {
    int number;  // the lowest free number
    EntityId avatar;
    InputQueue inputs{};
    Viewer viewer{};
  };

  int LowestFreeNumber() const;
  void Look();
  SnapshotHead HeadFor(const Player& player) const;

  Simulation simulation_;
  std::map<PlayerId, Player> players_;
  uint32_t tick_ = 0;

  // As of the last tick.
  std::vector<State> states_;
  InterestGrid grid_;
  std::vector<Viewer::Near> near_;  // kept to reuse its memory
};

}  // namespace weft::world

#endif  // WEFT_EXAMPLES_WORLD_GAME_H_
