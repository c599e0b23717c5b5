// What is told of a body or an avatar: whole numbers, so that both sides have the very same ones.

#ifndef WEFT_EXAMPLES_WORLD_STATE_H_
#define WEFT_EXAMPLES_WORLD_STATE_H_

#include <cstdint>

#include "examples/world/geometry.h"
#include "examples/world/kind.h"

namespace weft::world {

// A unit is less than a centimetre, and 16 bits of them reach from wall to wall twice.
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
  uint32_t rotation = 0;  // of a body: PackRotation; of an avatar: 256ths of a turn

  friend bool operator==(const State&, const State&) = default;
};

// To the nearest unit; what is out of range becomes the nearest that is in. Also for velocities.
Place Quantise(Vector metres);
Vector MetresOf(Place place);

// The "smallest three": a quaternion's largest component follows from the other three, and the same
// rotation has it positive. Its index in the two highest bits (0 is x, 3 is w), then the others in
// their order, 10 bits each: 0 to 1023 for -1/sqrt(2) to 1/sqrt(2). Right to 0.2 degrees.
uint32_t PackRotation(Rotation rotation);
Rotation UnpackRotation(uint32_t packed);

}  // namespace weft::world

#endif  // WEFT_EXAMPLES_WORLD_STATE_H_
