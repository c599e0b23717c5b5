// The bodies at the start of the world.

#ifndef WEFT_EXAMPLES_WORLD_SCENE_H_
#define WEFT_EXAMPLES_WORLD_SCENE_H_

#include <vector>

#include "examples/world/geometry.h"
#include "examples/world/simulation.h"

namespace weft::world {

inline constexpr int kMaxBodies = 2000;

// Pyramids, walls, towers, rows of dominoes and heaps, in an order that looks random but is always
// the same; a few crates and balls lie in the middle, around which players arrive. `bodies` is at
// most kMaxBodies.
std::vector<Placement> MakeScene(int bodies);

// Where the player with this number arrives: around the middle, each at its own spot.
Vector ArrivalPlace(int player);

}  // namespace weft::world

#endif  // WEFT_EXAMPLES_WORLD_SCENE_H_
