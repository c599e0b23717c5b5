#include "examples/cursors/paths.h"

#include <cstdlib>
#include <set>
#include <utility>

#include "gtest/gtest.h"

namespace weft::cursors {
namespace {

constexpr int kBots = 200;

TEST(PathsTest, TheyMoveWithoutJumps) {
  constexpr double kFrame = 1.0 / 60;
  constexpr int kFarthest = 65536 / 60;  // widths of the space per second
  for (int bot = 0; bot < kBots; ++bot) {
    Place before = PlaceOfBot(bot, kBots, 0);
    int moved = 0;
    for (int frame = 1; frame < 60 * 60; ++frame) {
      const Place place = PlaceOfBot(bot, kBots, frame * kFrame);
      ASSERT_LT(std::abs(place.x - before.x), kFarthest) << bot << " in frame " << frame;
      ASSERT_LT(std::abs(place.y - before.y), kFarthest) << bot << " in frame " << frame;
      if (place != before) ++moved;
      before = place;
    }
    EXPECT_GT(moved, 50 * 60) << bot;
  }
}

TEST(PathsTest, TheyStayInsideAndApart) {
  for (int second = 0; second < 600; ++second) {
    std::set<std::pair<int, int>> places;
    for (int bot = 0; bot < kBots; ++bot) {
      const Place place = PlaceOfBot(bot, kBots, second);
      // At an edge they would stick to it.
      ASSERT_TRUE(place.x > 0 && place.x < 65535 && place.y > 0 && place.y < 65535) << bot;
      places.emplace(place.x, place.y);
    }
    ASSERT_GT(places.size(), kBots * 9 / 10) << second;
  }
}

TEST(PathsTest, AnyNumberOfThemHasPlaces) {
  for (const int bots : {1, 2, 19, 20, 21, 1000}) {
    for (int bot = 0; bot < bots; ++bot) {
      const Place place = PlaceOfBot(bot, bots, 12.5);
      ASSERT_EQ(place, PlaceOfBot(bot, bots, 12.5));
      ASSERT_TRUE(place.x > 0 && place.x < 65535 && place.y > 0 && place.y < 65535);
    }
  }
}

}  // namespace
}  // namespace weft::cursors
