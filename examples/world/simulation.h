// The physics of the world.

#ifndef WEFT_EXAMPLES_WORLD_SIMULATION_H_
#define WEFT_EXAMPLES_WORLD_SIMULATION_H_

#include <cstddef>
#include <memory>
#include <optional>

#include "absl/types/span.h"
#include "examples/world/avatar.h"
#include "examples/world/geometry.h"
#include "examples/world/kind.h"

namespace weft::world {

// Avatars have this many ids in turn, or as many as there are avatars.
inline constexpr int kAvatarIds = 512;

// A body's state at the start of the world.
struct Placement {
  Kind kind;
  Vector position;
  float yaw = 0;
};

struct Pose {
  Vector position;
  Rotation rotation;
};

// Bodies and avatars on a square of ground with walls, simulated by Bullet in steps of one tick.
// The game's ball cannot be picked up, and cannot leave the pitch (team.h). No clients and no
// clock; not thread-safe. The same calls give the same world.
//
//   Simulation simulation(MakeScene(1000));
//   const EntityId player = simulation.AddAvatar({0, 1, 0});
//   simulation.Drive(player, {.move_x = 127});
//   simulation.Step();
class Simulation {
 public:
  // The bodies get the ids from 0 on, and rest until something touches them.
  explicit Simulation(absl::Span<const Placement> bodies);
  ~Simulation();

  // Avatars get the ids after the bodies', in turn: an id is not soon used again, so that nobody
  // takes a new avatar for one that was just removed.
  EntityId AddAvatar(Vector position);
  void RemoveAvatar(EntityId avatar);

  // An avatar's controls in the next step. `act` makes it throw the object that it carries, or kick
  // the game's ball if that is before it, or pick up the object before it. Returns whether it has
  // kicked the ball.
  bool Drive(EntityId avatar, const Controls& controls);

  void Step();

  // Puts a body there, at rest.
  void Put(EntityId body, Vector position);

  // Ids are less than this. Some may be unused.
  EntityId end() const;
  size_t bodies() const;

  // For an id that is in use; see Exists.
  bool Exists(EntityId id) const;
  Kind kind(EntityId id) const;
  Pose pose(EntityId id) const;
  Vector velocity(EntityId id) const;

  // The direction of an avatar's view, in 256ths of a turn, and the entity it carries, or
  // kNoEntity.
  uint8_t yaw(EntityId avatar) const;
  EntityId carried(EntityId avatar) const;

  // The number of bodies that move, or may.
  size_t awake() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace weft::world

#endif  // WEFT_EXAMPLES_WORLD_SIMULATION_H_
