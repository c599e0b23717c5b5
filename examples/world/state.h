// The state of a body or an avatar on the wire: integers, so that both sides have exactly the same.

#ifndef WEFT_EXAMPLES_WORLD_STATE_H_
#define WEFT_EXAMPLES_WORLD_STATE_H_

#include <cstdint>

#include "examples/world/geometry.h"
#include "examples/world/kind.h"

namespace weft::world {

// A unit is less than a centimetre, and 16 bits of them cover twice the distance from wall to wall.
inline constexpr float kUnitsPerMetre = 128;

struct Place {
  int16_t x = 0;
  int16_t y = 0;
  int16_t z = 0;

  friend bool operator==(const Place&, const Place&) = default;
};

struct State {
  Kind kind = Kind::kAvatar;
  Place place{};
  uint32_t rotation = 0;  // for a body: PackRotation; for an avatar: 256ths of a turn

  friend bool operator==(const State&, const State&) = default;
};

// Rounds to the nearest unit; values out of range become the nearest one in range. Also for
// velocities.
Place Quantise(Vector metres);
Vector MetresOf(Place place);

// The "smallest three": a quaternion's largest component follows from the other three, and the same
// rotation has it positive. Its index is in the two highest bits (0 is x, 3 is w), then the others
// in order, 10 bits each: 0 to 1023 for -1/sqrt(2) to 1/sqrt(2). Accurate to 0.2 degrees.
uint32_t PackRotation(Rotation rotation);
Rotation UnpackRotation(uint32_t packed);

}  // namespace weft::world

#endif  // WEFT_EXAMPLES_WORLD_STATE_H_
