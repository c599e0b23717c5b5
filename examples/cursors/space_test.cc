#include "examples/cursors/space.h"

#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace weft::cursors {
namespace {

using Told = std::vector<Change>;

TEST(SpaceTest, ACursorIsSeenFromItsFirstMoveOn) {
  Space space;
  const CursorId ann = space.Join();
  EXPECT_FALSE(space.changed());
  EXPECT_EQ(space.All(1000), Told());
  space.Move(ann, {1, 2}, {}, 1000);
  EXPECT_TRUE(space.changed());
  const Told moved = {{.id = ann, .age_ms = 10, .place = {1, 2}}};
  EXPECT_EQ(space.All(1010), moved);
  EXPECT_EQ(space.Changes(1010), moved);
}

TEST(SpaceTest, WhatChangedOftenIsToldOnce) {
  Space space;
  const CursorId ann = space.Join();
  const CursorId bob = space.Join();
  space.Move(ann, {0, 0}, {}, 0);
  space.Move(bob, {5, 6}, {}, 0);
  space.Settle();
  EXPECT_FALSE(space.changed());
  EXPECT_EQ(space.Changes(0), Told());
  for (uint16_t i = 1; i <= 1000; ++i) space.Move(ann, {i, i}, {}, i);
  EXPECT_EQ(space.Changes(1000), Told({{.id = ann, .place = {1000, 1000}}}));
  EXPECT_EQ(space.All(1000), Told({{.id = ann, .place = {1000, 1000}},
                                   {.id = bob, .age_ms = kMaxAgeMs, .place = {5, 6}}}));
}

TEST(SpaceTest, ANameIsToldWithTheFirstMoveAndWhenItChanges) {
  Space space;
  const CursorId ann = space.Join({.text = "Ann"});
  EXPECT_FALSE(space.changed());
  space.Rename(ann, "Anna");
  EXPECT_FALSE(space.changed()) << "nobody sees it";
  space.Move(ann, {1, 2}, {.pen = true, .clicks = 3}, 0);
  const Told both = {{.id = ann, .name = Name{.text = "Anna"}},
                     {.id = ann, .place = {1, 2}, .marks = {.pen = true, .clicks = 3}}};
  EXPECT_EQ(space.Changes(0), both);
  space.Settle();
  space.Move(ann, {1, 3}, {}, 0);
  EXPECT_EQ(space.Changes(0), Told({{.id = ann, .place = {1, 3}}}));
  space.Settle();
  for (int i = 0; i < 100; ++i) space.Rename(ann, std::to_string(i));
  EXPECT_EQ(space.Changes(0), Told({{.id = ann, .name = Name{.text = "99"}}}));
  EXPECT_EQ(space.All(0),
            Told({{.id = ann, .name = Name{.text = "99"}}, {.id = ann, .place = {1, 3}}}));
}

TEST(SpaceTest, WhoLeftIsAChangeAndThenForgotten) {
  Space space;
  const CursorId ann = space.Join();
  space.Move(ann, {1, 2}, {}, 0);
  space.Settle();
  space.Move(ann, {3, 4}, {}, 0);
  space.Leave(ann);
  EXPECT_EQ(space.All(0), Told());
  EXPECT_EQ(space.Changes(0), Told({{.id = ann, .gone = true}}));
  space.Settle();
  EXPECT_EQ(space.Changes(0), Told());
}

TEST(SpaceTest, NumbersComeRoundAndLeaveOutThoseThatAreThere) {
  Space space;
  const CursorId rests = space.Join();
  CursorId before = rests;
  for (int i = 0; i < 65535; ++i) {
    const CursorId id = space.Join();
    ASSERT_EQ(id, static_cast<CursorId>(before + 1));
    before = id;
    space.Leave(id);
    space.Settle();
  }
  EXPECT_EQ(space.Join(), static_cast<CursorId>(rests + 1));
  std::set<CursorId> ids;
  for (int i = 0; i < 65534; ++i) ids.insert(space.Join());
  EXPECT_EQ(ids.size(), 65534);
  EXPECT_EQ(ids.count(rests), 0);
}

// A thread may read its clock before, and use the time after, another thread.
TEST(SpaceTest, AMoveOfTheFutureIsOneOfNow) {
  Space space;
  const CursorId ann = space.Join();
  space.Move(ann, {1, 2}, {}, 7);
  EXPECT_EQ(space.Changes(5), Told({{.id = ann, .place = {1, 2}}}));
}

}  // namespace
}  // namespace weft::cursors
