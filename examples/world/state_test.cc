#include "examples/world/state.h"

#include <cmath>
#include <cstdint>
#include <random>

#include "gtest/gtest.h"

namespace weft::world {
namespace {

TEST(StateTest, PlacesAreRightToHalfAUnit) {
  const Vector metres{-63.9f, 0.301f, 12.345f};
  const Vector back = MetresOf(Quantise(metres));
  EXPECT_LE(std::abs(back.x - metres.x), 0.5f / kUnitsPerMetre);
  EXPECT_LE(std::abs(back.y - metres.y), 0.5f / kUnitsPerMetre);
  EXPECT_LE(std::abs(back.z - metres.z), 0.5f / kUnitsPerMetre);
  EXPECT_EQ(Quantise({1, -1, 0.5f}), (Place{128, -128, 64}));
}

TEST(StateTest, WhatIsTooFarIsAsFarAsCanBe) {
  EXPECT_EQ(Quantise({1e6f, -1e6f, 0}), (Place{INT16_MAX, INT16_MIN, 0}));
}

TEST(StateTest, KnownRotations) {
  EXPECT_EQ(PackRotation({}), 0xe0080200u);  // w is the largest; 512 is 0, nearly
  EXPECT_EQ(PackRotation({0, 0, 0, -1}), 0xe0080200u);
  EXPECT_EQ(PackRotation({.x = 1, .w = 0}) >> 30, 0u);
  EXPECT_EQ(PackRotation({.z = 1, .w = 0}) >> 30, 2u);
}

TEST(StateTest, RotationsAreRightToAFifthOfADegree) {
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  for (int i = 0; i < 10000; ++i) {
    Rotation r{normal(random), normal(random), normal(random), normal(random)};
    const float length = std::sqrt(r.x * r.x + r.y * r.y + r.z * r.z + r.w * r.w);
    r = {r.x / length, r.y / length, r.z / length, r.w / length};
    const Rotation back = UnpackRotation(PackRotation(r));
    const float cosine = std::abs(r.x * back.x + r.y * back.y + r.z * back.z + r.w * back.w);
    const float degrees = 2 * std::acos(std::min(cosine, 1.0f)) * 180 / 3.14159265f;
    ASSERT_LT(degrees, 0.21f) << i;
  }
}

TEST(StateTest, AnyBitsAreSomeRotation) {
  std::mt19937 random(2);
  for (int i = 0; i < 1000; ++i) {
    const Rotation r = UnpackRotation(random());
    ASSERT_TRUE(std::isfinite(r.x) && std::isfinite(r.y) && std::isfinite(r.z) &&
                std::isfinite(r.w));
  }
}

}  // namespace
}  // namespace weft::world
