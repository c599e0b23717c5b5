#include "examples/world/state.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace weft::world {
namespace {

int16_t QuantiseOne(float metres) {
  return static_cast<int16_t>(
      std::clamp(std::round(metres * kUnitsPerMetre), float{INT16_MIN}, float{INT16_MAX}));
}

constexpr float kLargestOther = 1 / std::numbers::sqrt2_v<float>;
constexpr int kBits = 10;
constexpr uint32_t kSteps = (1 << kBits) - 1;

}  // namespace

Place Quantise(Vector metres) {
  return {QuantiseOne(metres.x), QuantiseOne(metres.y), QuantiseOne(metres.z)};
}

Vector MetresOf(Place place) {
  return Vector{static_cast<float>(place.x), static_cast<float>(place.y),
                static_cast<float>(place.z)} *
         (1 / kUnitsPerMetre);
}

uint32_t PackRotation(Rotation rotation) {
  const float all[] = {rotation.x, rotation.y, rotation.z, rotation.w};
  uint32_t largest = 0;
  for (uint32_t i = 1; i < 4; ++i) {
    if (std::abs(all[i]) > std::abs(all[largest])) largest = i;
  }
  uint32_t packed = largest;
  for (uint32_t i = 0; i < 4; ++i) {
    if (i == largest) continue;
    const float other = (all[largest] < 0 ? -all[i] : all[i]) / kLargestOther;  // -1 to 1
    const float step = std::round((std::clamp(other, -1.0f, 1.0f) + 1) / 2 * kSteps);
    packed = packed << kBits | static_cast<uint32_t>(step);
  }
  return packed;
}

Rotation UnpackRotation(uint32_t packed) {
  const uint32_t largest = packed >> (3 * kBits);
  float all[4];
  float rest = 1;
  int shift = 3 * kBits;
  for (uint32_t i = 0; i < 4; ++i) {
    if (i == largest) continue;
    shift -= kBits;
    const auto step = static_cast<float>(packed >> shift & kSteps);
    all[i] = (step / kSteps * 2 - 1) * kLargestOther;
    rest -= all[i] * all[i];
  }
  all[largest] = std::sqrt(std::max(rest, 0.0f));
  return {all[0], all[1], all[2], all[3]};
}

}  // namespace weft::world
