// The vectors and rotations that the world needs.

#ifndef WEFT_EXAMPLES_WORLD_GEOMETRY_H_
#define WEFT_EXAMPLES_WORLD_GEOMETRY_H_

#include <cmath>

namespace weft::world {

// Metres, or metres per second. y is up.
struct Vector {
  float x = 0;
  float y = 0;
  float z = 0;

  friend Vector operator+(Vector a, Vector b) { return {a.x + b.x, a.y + b.y, a.z + b.z}; }
  friend Vector operator-(Vector a, Vector b) { return {a.x - b.x, a.y - b.y, a.z - b.z}; }
  friend Vector operator*(Vector a, float f) { return {a.x * f, a.y * f, a.z * f}; }
  friend bool operator==(const Vector&, const Vector&) = default;
};

inline float Length(Vector v) { return std::sqrt(v.x * v.x + v.y * v.y + v.z * v.z); }

// `v`, shortened to `length` if it is longer.
inline Vector Limit(Vector v, float length) {
  const float now = Length(v);
  return now > length ? v * (length / now) : v;
}

// A unit quaternion.
struct Rotation {
  float x = 0;
  float y = 0;
  float z = 0;
  float w = 1;
};

// Around the vertical axis, in radians; 0 looks along +z, a quarter turn along +x.
inline Rotation RotationOfYaw(float yaw) {
  return {.y = std::sin(yaw / 2), .w = std::cos(yaw / 2)};
}
inline Vector DirectionOfYaw(float yaw) { return {.x = std::sin(yaw), .z = std::cos(yaw)}; }

}  // namespace weft::world

#endif  // WEFT_EXAMPLES_WORLD_GEOMETRY_H_
