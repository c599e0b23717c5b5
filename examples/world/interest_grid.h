// Finds entities that are near each other.

#ifndef WEFT_EXAMPLES_WORLD_INTEREST_GRID_H_
#define WEFT_EXAMPLES_WORLD_INTEREST_GRID_H_

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
#include <vector>

#include "examples/world/geometry.h"
#include "examples/world/kind.h"
#include "examples/world/rules.h"

namespace weft::world {

// The ground in cells of 8 m; each lists its entities, so that the cost of a query depends on the
// number nearby and not on the total. Rebuilt before each round of queries, in one pass, so that no
// moved entity can be missed.
class InterestGrid {
 public:
  void Clear() {
    for (auto& cell : cells_) cell.clear();
  }

  void Add(EntityId id, Vector position) {
    cells_[CellOf(position.x) + kSide * CellOf(position.z)].push_back({id, position.x, position.z});
  }

  // Calls visit(id, distance) for all within `radius` on the ground.
  template <typename Visit>
  void ForEachNear(Vector middle, float radius, Visit visit) const {
    for (int z = CellOf(middle.z - radius); z <= CellOf(middle.z + radius); ++z) {
      for (int x = CellOf(middle.x - radius); x <= CellOf(middle.x + radius); ++x) {
        for (const Entry& entry : cells_[x + kSide * z]) {
          const float distance = std::hypot(entry.x - middle.x, entry.z - middle.z);
          if (distance <= radius) visit(entry.id, distance);
        }
      }
    }
  }

 private:
  static constexpr float kCellSize = 8;
  static constexpr int kSide = static_cast<int>(2 * kHalfSize / kCellSize);

  struct Entry {
    EntityId id;
    float x, z;
  };

  // Entities outside, for example through a crack in the wall, count as being at the edge.
  static int CellOf(float coordinate) {
    return static_cast<int>(
        std::clamp((coordinate + kHalfSize) / kCellSize, 0.0f, static_cast<float>(kSide - 1)));
  }

  std::array<std::vector<Entry>, static_cast<size_t>(kSide) * kSide> cells_;
};

}  // namespace weft::world

#endif  // WEFT_EXAMPLES_WORLD_INTEREST_GRID_H_
