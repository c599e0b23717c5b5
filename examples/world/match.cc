#include "examples/world/match.h"

#include <algorithm>
#include <cmath>

namespace weft::world {
namespace {

// The team in whose goal the ball is.
std::optional<Team> GoalWith(Vector ball) {
  if (std::abs(ball.z) < kPitchHalfLength || std::abs(ball.x) > kGoalHalfWidth ||
      ball.y > kGoalHeight) {
    return std::nullopt;
  }
  return ball.z * SideOf(Team::kSun) > 0 ? Team::kSun : Team::kMoon;
}

// Boards keep the ball on the pitch. If it gets past them, it must not be lost.
bool IsLost(Vector ball) {
  return std::abs(ball.x) > kPitchHalfWidth + 1 ||
         std::abs(ball.z) > kPitchHalfLength + kGoalDepth + 1 || ball.y < -1;
}

}  // namespace

Match::Event Match::Tick(Vector ball, EntityId touching) {
  if (pause_ > 0) {
    if (--pause_ > 0) return Event::kNone;
    score_.goal.reset();
    score_.scorer = last_touch_ = kNoEntity;
    if (*std::max_element(score_.points.begin(), score_.points.end()) == kGoalsToWin) {
      score_.points.fill(0);
    }
    return Event::kKickOff;
  }
  if (IsLost(ball)) return Event::kKickOff;
  if (touching != kNoEntity) last_touch_ = touching;
  if (const std::optional<Team> conceded = GoalWith(ball)) {
    score_.goal = Other(*conceded);
    score_.scorer = last_touch_;
    ++score_.points[static_cast<int>(*score_.goal)];
    pause_ = kPauseTicks;
    return Event::kGoal;
  }
  return Event::kNone;
}

void Match::Forget(EntityId avatar) {
  if (last_touch_ == avatar) last_touch_ = kNoEntity;
  if (score_.scorer == avatar) score_.scorer = kNoEntity;
}

}  // namespace weft::world
