// The two teams, and the pitch on which they play.

#ifndef WEFT_EXAMPLES_WORLD_TEAM_H_
#define WEFT_EXAMPLES_WORLD_TEAM_H_

#include <cstdint>

namespace weft::world {

// With the numbers of the wire.
enum class Team : uint8_t { kSun, kMoon };
inline constexpr int kTeams = 2;

constexpr Team Other(Team team) { return team == Team::kSun ? Team::kMoon : Team::kSun; }

// The side of the world where a team's goal is, and its players arrive: the sign of z.
constexpr float SideOf(Team team) { return team == Team::kSun ? -1.0f : 1.0f; }

// The pitch is around the origin. Metres; the page has the same numbers in rules.mjs.
inline constexpr float kPitchHalfWidth = 11;   // along x
inline constexpr float kPitchHalfLength = 18;  // along z, to the goal lines
inline constexpr float kGoalHalfWidth = 3.5f;
inline constexpr float kGoalHeight = 3;
inline constexpr float kGoalDepth = 2.5f;

inline constexpr int kGoalsToWin = 5;

}  // namespace weft::world

#endif  // WEFT_EXAMPLES_WORLD_TEAM_H_
