// How a player's controls move an avatar. The server computes this, and so does each client for its
// own avatar, ahead of the server: see prediction.mjs.

#ifndef WEFT_EXAMPLES_WORLD_AVATAR_H_
#define WEFT_EXAMPLES_WORLD_AVATAR_H_

#include <cstdint>
#include <numbers>

#include "examples/world/geometry.h"
#include "examples/world/rules.h"

namespace weft::world {

// As on the wire.
struct Controls {
  int8_t move_x = 0;  // the direction, 127 being full speed
  int8_t move_z = 0;
  uint8_t yaw = 0;   // the direction of view, in 256ths of a turn
  bool act = false;  // pick up, or throw: once

  friend bool operator==(const Controls&, const Controls&) = default;
};

inline float YawOf(const Controls& controls) {
  return static_cast<float>(controls.yaw) * (2 * std::numbers::pi_v<float> / 256);
}

// The velocity one tick later. Gravity controls the vertical part.
inline Vector DrivenVelocity(Vector velocity, const Controls& controls) {
  const Vector wish =
      Limit(Vector{static_cast<float>(controls.move_x), 0, static_cast<float>(controls.move_z)} *
                (kAvatarSpeed / 127),
            kAvatarSpeed);
  const Vector change = wish - Vector{velocity.x, 0, velocity.z};
  return velocity + Limit(change, kAvatarAcceleration * kTickSeconds);
}

}  // namespace weft::world

#endif  // WEFT_EXAMPLES_WORLD_AVATAR_H_
