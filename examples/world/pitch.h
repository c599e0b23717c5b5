// The boards around the pitch, which only the game's ball feels.

#ifndef WEFT_EXAMPLES_WORLD_PITCH_H_
#define WEFT_EXAMPLES_WORLD_PITCH_H_

#include <memory>
#include <vector>

#include "btBulletDynamicsCommon.h"
#include "examples/world/geometry.h"
#include "examples/world/team.h"

namespace weft::world {

// Players and things pass through the boards; the ball does not, whatever its height, so that no
// corner of the world hides it. At the ends there is an opening for the goal.
class Pitch {
 public:
  // Adds the boards to the world, which must outlive the pitch.
  explicit Pitch(btDynamicsWorld& world) : world_(world) {
    constexpr float kThick = 0.5f;  // half of it; thicker than the ball moves in a tick
    constexpr float kHigh = 25;
    constexpr float kEnd = kPitchHalfLength + kGoalDepth;
    constexpr float kBeside = (kPitchHalfWidth - kGoalHalfWidth) / 2;
    for (const float side : {-1.0f, 1.0f}) {
      Add({side * (kPitchHalfWidth + kThick), kHigh, 0}, {kThick, kHigh, kEnd});
      const float end = side * (kPitchHalfLength + kThick);
      Add({kGoalHalfWidth + kBeside, kHigh, end}, {kBeside, kHigh, kThick});
      Add({-kGoalHalfWidth - kBeside, kHigh, end}, {kBeside, kHigh, kThick});
      Add({0, kGoalHeight + kHigh, end}, {kGoalHalfWidth, kHigh, kThick});
      Add({0, kHigh, side * (kEnd + kThick)}, {kPitchHalfWidth, kHigh, kThick});
    }
  }
  ~Pitch() {
    for (const auto& board : boards_) world_.removeRigidBody(&board->body);
  }

  // Keeps this body, which is in the world, on the pitch.
  void Bound(btRigidBody& ball) {
    world_.removeRigidBody(&ball);
    world_.addRigidBody(&ball, btBroadphaseProxy::DefaultFilter | kOfBoards,
                        btBroadphaseProxy::AllFilter);
  }

 private:
  static constexpr int kOfBoards = 1 << 6;  // Bullet has no filter of its own there

  struct Board {
    Board(const btVector3& half) : shape(half), body(0, nullptr, &shape) {}
    btBoxShape shape;
    btRigidBody body;
  };

  void Add(Vector position, Vector half) {
    Board& board =
        *boards_.emplace_back(std::make_unique<Board>(btVector3(half.x, half.y, half.z)));
    btTransform transform;
    transform.setIdentity();
    transform.setOrigin({position.x, position.y, position.z});
    board.body.setWorldTransform(transform);
    board.body.setRestitution(0.6f);
    world_.addRigidBody(&board.body, kOfBoards, kOfBoards);
  }

  btDynamicsWorld& world_;
  std::vector<std::unique_ptr<Board>> boards_;
};

}  // namespace weft::world

#endif  // WEFT_EXAMPLES_WORLD_PITCH_H_
