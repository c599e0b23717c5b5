#include "examples/world/scene.h"

#include <cmath>
#include <numbers>
#include <random>
#include <utility>

namespace weft::world {
namespace {

constexpr float kPi = std::numbers::pi_v<float>;
constexpr int kGroups = 15;             // per side
constexpr float kBetweenGroups = 8.0f;  // metres
constexpr float kAroundPitch = 4;       // the width of the empty strip

float Column(int i, int side) { return static_cast<float>(i % side); }
float Row(int i, int side) {
  const int row = i / side;
  return static_cast<float>(row);
}

void Put(std::vector<Placement>& scene, Kind kind, Vector where, float yaw = 0) {
  scene.push_back({kind, where + Vector{0, InfoOf(kind).half.y, 0}, yaw});
}

void Pyramid(std::vector<Placement>& scene, Vector where) {
  for (int layer = 0; layer < 3; ++layer) {
    const int side = 3 - layer;
    const float first = -0.51f * static_cast<float>(side - 1);
    for (int i = 0; i < side * side; ++i) {
      Put(scene, Kind::kCrate,
          where + Vector{first + 1.02f * Column(i, side), static_cast<float>(layer),
                         first + 1.02f * Row(i, side)});
    }
  }
}

void Wall(std::vector<Placement>& scene, Vector where) {
  for (int row = 0; row < 6; ++row) {
    for (int i = 0; i < 3; ++i) {
      const float along = 1.82f * static_cast<float>(i - 1) + (row % 2 == 0 ? 0.4f : -0.4f);
      Put(scene, Kind::kPlank, where + Vector{along, 0.24f * static_cast<float>(row), 0});
    }
  }
}

void Tower(std::vector<Placement>& scene, Vector where) {
  for (int i = 0; i < 8; ++i) {
    Put(scene, Kind::kBox, where + Vector{0, 0.6f * static_cast<float>(i), 0});
  }
  for (int i = 0; i < 4; ++i) {
    const float angle = kPi / 2 * (static_cast<float>(i) + 0.5f);
    Put(scene, Kind::kBarrel, where + DirectionOfYaw(angle) * 1.4f);
  }
}

void Dominoes(std::vector<Placement>& scene, Vector where) {
  for (int i = 0; i < 14; ++i) {
    const float angle = kPi * 2 / 16 * static_cast<float>(i);
    Put(scene, Kind::kDomino, where + DirectionOfYaw(angle) * 2.6f, angle + kPi / 2);
  }
}

void Balls(std::vector<Placement>& scene, Vector where) {
  for (int i = 0; i < 9; ++i) {
    Put(scene, Kind::kBall, where + Vector{0.9f * (Column(i, 3) - 1), 0, 0.9f * (Row(i, 3) - 1)});
  }
}

}  // namespace

std::vector<Placement> MakeScene(int bodies) {
  std::vector<Placement> scene;
  scene.push_back({Kind::kGameBall, kKickOffPlace});
  for (const float side : {-1.0f, 1.0f}) {
    Put(scene, Kind::kCrate, {1.6f, 0, 4.4f * side}, side);
    Put(scene, Kind::kBall, {-1.6f, 0, 4.4f * side});
    Put(scene, Kind::kBall, {7, 0, 3 * side});
    Put(scene, Kind::kCrate, {-7, 0, 9 * side}, side);
  }
  constexpr float kMiddle = (kGroups - 1) / 2.0f;
  std::vector<Vector> places;
  for (int i = 0; i < kGroups * kGroups; ++i) {
    const Vector place{kBetweenGroups * (Column(i, kGroups) - kMiddle), 0,
                       kBetweenGroups * (Row(i, kGroups) - kMiddle)};
    if (std::abs(place.x) > kPitchHalfWidth + kAroundPitch ||
        std::abs(place.z) > kPitchHalfLength + kGoalDepth + kAroundPitch) {
      places.push_back(place);
    }
  }
  std::mt19937 random(20);  // std::shuffle would differ between libraries
  for (size_t i = places.size() - 1; i > 0; --i) std::swap(places[i], places[random() % (i + 1)]);
  constexpr void (*kMakers[])(std::vector<Placement>&, Vector) = {Pyramid, Wall, Tower, Dominoes,
                                                                  Balls};
  for (size_t i = 0; i < places.size() && scene.size() < static_cast<size_t>(bodies); ++i) {
    kMakers[i % std::size(kMakers)](scene, places[i]);
  }
  scene.resize(bodies);
  return scene;
}

Vector ArrivalPlace(Team team, int player) {
  // Like the seeds in half a sunflower: each as far from the others as the next.
  const auto n = static_cast<float>(player);
  const float turn = n * (std::sqrt(5.0f) - 1) / 2 + 0.5f;
  const float angle = kPi * (turn - std::floor(turn) - 0.5f);
  const Vector place = DirectionOfYaw(angle) * std::sqrt(2 * (n + 12));
  return {place.x, kAvatarHeight / 2, SideOf(team) * (place.z + 1)};
}

}  // namespace weft::world
