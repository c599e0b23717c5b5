// The rules of the game: goals, the score, and when the ball is back in the middle.

#ifndef WEFT_EXAMPLES_WORLD_MATCH_H_
#define WEFT_EXAMPLES_WORLD_MATCH_H_

#include <array>
#include <cstdint>
#include <optional>

#include "examples/world/geometry.h"
#include "examples/world/kind.h"
#include "examples/world/rules.h"
#include "examples/world/team.h"

namespace weft::world {

struct Score {
  std::array<uint8_t, kTeams> points{};  // by team

  // The team that has just scored, and the avatar that touched the ball last: maybe one of the
  // other team, and kNoEntity if it has left. None: the score as it stands.
  std::optional<Team> goal{};
  EntityId scorer = kNoEntity;

  friend bool operator==(const Score&, const Score&) = default;
};

// After a goal the ball moves on for this long; the goal counts once. Then it is put in the middle.
inline constexpr int kPauseTicks = 3 * kTicksPerSecond;

// Referees one match after the other. A team wins with kGoalsToWin; the next match starts when the
// ball is back in the middle. No physics, no players, no clock.
class Match {
 public:
  enum class Event {
    kNone,
    kGoal,     // score().goal says whose
    kKickOff,  // put the ball in the middle
  };

  // Call it for each tick, with the ball's position. The avatar that touches it, or kNoEntity.
  Event Tick(Vector ball, EntityId touching);

  // The avatar has left: it is not named as a scorer.
  void Forget(EntityId avatar);

  const Score& score() const { return score_; }

 private:
  Score score_;
  EntityId last_touch_ = kNoEntity;
  int pause_ = 0;  // ticks until the kick-off
};

}  // namespace weft::world

#endif  // WEFT_EXAMPLES_WORLD_MATCH_H_
