#include "examples/gallery/digest.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace examples {
namespace {

using weft::cursors::Change;
using weft::world::Kind;
using weft::world::State;

TEST(DigestTest, OfCursors) {
  EXPECT_EQ(DigestOf(std::vector<Change>{}), std::string("\1\0\0", 3));
  EXPECT_EQ(DigestOf(std::vector<Change>{{.id = 0x102, .place = {0x8000, 0xffff}}}),
            std::string("\1\1\0\2\1\x00\x80\xff\xff", 9));
}

TEST(DigestTest, OfManyCursorsHasTheFirst) {
  const std::string digest = DigestOf(std::vector<Change>(1000));
  EXPECT_EQ(digest.size(), 3 + 6 * kMaxDigestCursors);
  EXPECT_EQ(digest.substr(0, 3), "\1\xe8\3");
}

TEST(DigestTest, OfTheWorldHasPlacesFromWallToWall) {
  const State in_corner = {.kind = Kind::kBall, .place = {-8192, 0, 8192}};
  const State in_middle = {.kind = Kind::kAvatar, .place = {0, 100, 0}};
  const State thrown_out = {.kind = Kind::kCrate, .place = {9000, 0, -9000}};
  EXPECT_EQ(DigestOf(std::vector<State>{in_corner, in_middle, thrown_out}),
            std::string("\2\5\0\xff\0\x7f\x7f\1\xff\0", 10));
}

}  // namespace
}  // namespace examples
