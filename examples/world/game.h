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
#include "examples/world/match.h"
#include "examples/world/messages.h"
#include "examples/world/roster.h"
#include "examples/world/simulation.h"
#include "examples/world/state.h"
#include "examples/world/team.h"
#include "examples/world/viewer.h"

namespace weft::world {

// Moves each player's avatar by the player's inputs, and sends each what it sees of the world, 20
// times per second. A third of the players gets a message after each tick, so that no tick has all
// the work. A player joins the smaller team. Not thread-safe.
class Game {
 public:
  using PlayerId = uint64_t;

  // Without a body that is the game's ball there are no goals.
  explicit Game(absl::Span<const Placement> bodies);

  // The message that greets the player. The score and the names follow with the next tick.
  std::string Join(PlayerId player);
  void Leave(PlayerId player);
  void OnInput(PlayerId player, const Input& input);
  void OnAcknowledgement(PlayerId player, const Acknowledgement& acknowledgement);

  // The name is cleaned (examples/names); if nothing is left of it the player keeps its own.
  void OnName(PlayerId player, const Name& name);

  // One tick; `send` gets the messages that are due.
  using Send = absl::FunctionRef<void(PlayerId, absl::string_view)>;
  void Tick(Send send);

  // Puts the game's ball there, at rest.
  void PutBall(Vector position) { simulation_.Put(ball_, position); }

  // All bodies and avatars as of the last tick, in no order that matters.
  std::vector<State> All() const;

  // All figures except the times.
  Figures figures() const;

 private:
  struct Player {
    Team team;
    int number;  // the lowest free one in its team
    EntityId avatar;
    bool knows_score = false;
    uint64_t known_names = 0;  // see Roster
    uint32_t names_at = 0;     // the tick from which on it may get more
    InputQueue inputs{};
    Viewer viewer{};
  };

  Team SmallerTeam() const;
  int LowestFreeNumber(Team team) const;
  void Look();
  bool Referee(EntityId touching);
  EntityId AvatarAtBall() const;
  void SendNames(PlayerId id, Player& player, Send send);
  void SendSnapshot(PlayerId id, Player& player, Send send);
  SnapshotHead HeadFor(const Player& player) const;

  Simulation simulation_;
  const EntityId ball_;  // or kNoEntity
  Match match_;
  Roster roster_;
  uint32_t joined_ = 0;  // players, so far
  std::map<PlayerId, Player> players_;
  uint32_t tick_ = 0;

  // As of the last tick.
  std::vector<State> states_;
  InterestGrid grid_;
  std::vector<Viewer::Near> near_;  // kept to reuse its memory
};

}  // namespace weft::world

#endif  // WEFT_EXAMPLES_WORLD_GAME_H_
