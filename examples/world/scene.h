// The bodies at the start of the world.

#ifndef WEFT_EXAMPLES_WORLD_SCENE_H_
#define WEFT_EXAMPLES_WORLD_SCENE_H_

#include <vector>

#include "examples/world/geometry.h"
#include "examples/world/kind.h"
#include "examples/world/simulation.h"
#include "examples/world/team.h"

namespace weft::world {

inline constexpr int kMaxBodies = 2000;

// The game's ball in the middle of the pitch; a few crates and balls on the pitch; and around it
// pyramids, walls, towers, rows of dominoes and heaps, in an order that looks random but is always
// the same. `bodies` is at most kMaxBodies.
std::vector<Placement> MakeScene(int bodies);

// Where the game's ball is put.
inline constexpr Vector kKickOffPlace = {0, InfoOf(Kind::kGameBall).half.y, 0};

// Where the player with this number in its team arrives: on its own side, each at its own spot.
Vector ArrivalPlace(Team team, int player);

}  // namespace weft::world

#endif  // WEFT_EXAMPLES_WORLD_SCENE_H_
