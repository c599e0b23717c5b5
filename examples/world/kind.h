// The kinds of entities in the world.

#ifndef WEFT_EXAMPLES_WORLD_KIND_H_
#define WEFT_EXAMPLES_WORLD_KIND_H_

#include <cstdint>

#include "examples/world/geometry.h"
#include "examples/world/rules.h"

namespace weft::world {

// Bodies and avatars together, with their number on the wire.
using EntityId = uint16_t;
inline constexpr EntityId kNoEntity = 0xffff;

enum class Kind : uint8_t { kAvatar, kCrate, kBox, kPlank, kDomino, kBall, kBarrel, kGameBall };
inline constexpr int kKinds = 8;

enum class Shape : uint8_t { kBox, kSphere, kCylinder, kCapsule };

struct KindInfo {
  Shape shape;
  Vector half;  // half its size; for a round one x is the radius, and y half the height
  float mass;   // kilograms
};

constexpr KindInfo InfoOf(Kind kind) {
  switch (kind) {
    case Kind::kAvatar:
      break;
    case Kind::kCrate:
      return {Shape::kBox, {0.5f, 0.5f, 0.5f}, 20};
    case Kind::kBox:
      return {Shape::kBox, {0.3f, 0.3f, 0.3f}, 6};
    case Kind::kPlank:
      return {Shape::kBox, {0.9f, 0.12f, 0.3f}, 10};
    case Kind::kDomino:
      return {Shape::kBox, {0.4f, 0.8f, 0.12f}, 8};
    case Kind::kBall:
      return {Shape::kSphere, {0.4f, 0.4f, 0.4f}, 5};
    case Kind::kBarrel:
      return {Shape::kCylinder, {0.4f, 0.55f, 0.4f}, 15};
    case Kind::kGameBall:
      return {Shape::kSphere, {0.9f, 0.9f, 0.9f}, 12};
  }
  return {Shape::kCapsule, {kAvatarRadius, kAvatarHeight / 2, kAvatarRadius}, 70};
}

}  // namespace weft::world

#endif  // WEFT_EXAMPLES_WORLD_KIND_H_
