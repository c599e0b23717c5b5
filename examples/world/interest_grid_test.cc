#include "examples/world/interest_grid.h"

#include <map>
#include <memory>
#include <random>

#include "gtest/gtest.h"

namespace weft::world {
namespace {

TEST(InterestGridTest, FindsThoseThatAreNearAndNoOthers) {
  std::mt19937 random(5);
  // Some are outside.
  std::uniform_real_distribution<float> anywhere(-kHalfSize - 5, kHalfSize + 5);
  const auto grid = std::make_unique<InterestGrid>();
  std::map<EntityId, Vector> positions;
  for (EntityId id = 0; id < 1000; ++id) {
    positions[id] = {anywhere(random), anywhere(random), anywhere(random)};
    grid->Add(id, positions[id]);
  }
  for (int round = 0; round < 200; ++round) {
    const Vector middle{anywhere(random), 0, anywhere(random)};
    std::map<EntityId, float> found;
    grid->ForEachNear(middle, kSeenUntil, [&](EntityId id, float distance) {
      EXPECT_TRUE(found.emplace(id, distance).second) << id << " twice";
    });
    for (const auto& [id, position] : positions) {
      const float distance = std::hypot(position.x - middle.x, position.z - middle.z);
      ASSERT_EQ(found.contains(id), distance <= kSeenUntil) << id;
      if (found.contains(id)) {
        EXPECT_FLOAT_EQ(found[id], distance);
      }
    }
  }
  grid->Clear();
  grid->ForEachNear({}, kSeenUntil, [](EntityId, float) { FAIL(); });
}

}  // namespace
}  // namespace weft::world
