#include "examples/world/viewer.h"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "examples/world/replica.h"
#include "gtest/gtest.h"

namespace weft::world {
namespace {

Viewer::Near Ball(EntityId id, float distance, int16_t x = 0) {
  return {id, distance, {Kind::kBall, {.x = x}, 1}};
}

// Applies a snapshot, and returns what the client knows then.
std::map<EntityId, State> Apply(Replica& replica, const std::optional<std::string>& snapshot) {
  EXPECT_TRUE(snapshot.has_value());
  EXPECT_LE(snapshot->size(), kMaxSnapshotBytes);
  const auto applied = replica.Apply(*snapshot);
  EXPECT_TRUE(applied.ok()) << applied.status();
  std::map<EntityId, State> known;
  replica.ForEach([&](EntityId id, const State& state) { known[id] = state; });
  return known;
}

TEST(ViewerTest, TellsWhatIsNewAndThenOnlyWhatChanges) {
  Viewer viewer;
  Replica replica;
  const auto first = viewer.MakeSnapshot({}, {Ball(1, 5), Ball(2, 5)});
  EXPECT_EQ(Apply(replica, first).size(), 2);
  viewer.Acknowledge(1);
  const auto second = viewer.MakeSnapshot({}, {Ball(1, 5), Ball(2, 5)});
  EXPECT_EQ(second->size(), EncodedSize({}));
  Apply(replica, second);
  const auto third = viewer.MakeSnapshot({}, {Ball(1, 5), Ball(2, 5, 1)});
  EXPECT_EQ(third->size(), EncodedSize({}) + 3);  // gap, flags, x
  EXPECT_EQ(Apply(replica, third)[2].place.x, 1);
}

TEST(ViewerTest, WhatIsUnderWayIsNotToldAgain) {
  Viewer viewer;
  Replica replica;
  Apply(replica, viewer.MakeSnapshot({}, {Ball(1, 5)}));
  const auto second = viewer.MakeSnapshot({}, {Ball(1, 5)});
  EXPECT_EQ(second->size(), EncodedSize({}));
}

TEST(ViewerTest, ForgetsWhatIsOutOfSight) {
  Viewer viewer;
  Replica replica;
  EXPECT_EQ(Apply(replica, viewer.MakeSnapshot({}, {Ball(1, 5), Ball(2, 5)})).size(), 2);
  EXPECT_EQ(Apply(replica, viewer.MakeSnapshot({}, {Ball(2, 5)})).count(1), 0);
  EXPECT_EQ(viewer.known(), 1);
}

TEST(ViewerTest, TheBorderIsWiderFromWithin) {
  Viewer viewer;
  Replica replica;
  const float between = (kSeenFrom + kSeenUntil) / 2;
  EXPECT_EQ(Apply(replica, viewer.MakeSnapshot({}, {Ball(1, between)})).size(), 0);
  EXPECT_EQ(Apply(replica, viewer.MakeSnapshot({}, {Ball(1, kSeenFrom)})).size(), 1);
  EXPECT_EQ(Apply(replica, viewer.MakeSnapshot({}, {Ball(1, between, 9)}))[1].place.x, 9);
}

TEST(ViewerTest, AnAvatarComesBeforeAHeapOfBalls) {
  Viewer viewer;
  Replica replica;
  std::vector<Viewer::Near> near;
  for (EntityId id = 0; id < 200; ++id) near.push_back(Ball(id, 10));
  near.push_back({1000, 10, {Kind::kAvatar, {}, 1}});
  EXPECT_EQ(Apply(replica, viewer.MakeSnapshot({}, near)).count(1000), 1);
}

TEST(ViewerTest, EverybodyGetsTheirTurnWhenNotAllFit) {
  Viewer viewer;
  Replica replica;
  std::vector<Viewer::Near> near;
  for (EntityId id = 0; id < 200; ++id) {
    near.push_back(Ball(id, static_cast<float>(id) / 200 * kSeenFrom));
  }
  std::map<EntityId, int> last_heard;
  for (int snapshot = 1; snapshot <= 400; ++snapshot) {
    for (Viewer::Near& ball : near) ball.state.place.x = static_cast<int16_t>(snapshot);
    for (const auto& [id, state] : Apply(replica, viewer.MakeSnapshot({}, near))) {
      last_heard[id] = state.place.x;
    }
    viewer.Acknowledge(static_cast<uint16_t>(snapshot));
  }
  for (EntityId id = 0; id < 200; ++id) EXPECT_GT(last_heard[id], 400 - 40) << id;
}

TEST(ViewerTest, WhoDoesNotAcknowledgeGetsNoMore) {
  Viewer viewer;
  for (int i = 0; i < kMaxUnacknowledged; ++i) {
    EXPECT_TRUE(viewer.MakeSnapshot({}, {}).has_value());
  }
  EXPECT_FALSE(viewer.MakeSnapshot({}, {}).has_value());
  viewer.Acknowledge(kMaxUnacknowledged + 1);  // never sent
  EXPECT_FALSE(viewer.MakeSnapshot({}, {}).has_value());
  viewer.Acknowledge(1);
  EXPECT_TRUE(viewer.MakeSnapshot({}, {}).has_value());
  EXPECT_FALSE(viewer.MakeSnapshot({}, {}).has_value());
}

// Everything at once, at random: entities move, appear and disappear, and acknowledgements are
// late. When all is still at the end, the client's state is the world's.
TEST(ViewerTest, TheClientEndsUpWithTheWorldAsItIs) {
  for (uint32_t seed = 0; seed < 5; ++seed) {
    std::mt19937 random(seed);
    Viewer viewer;
    Replica replica;
    std::map<EntityId, State> world;
    std::deque<uint16_t> acknowledgements;
    const auto step = [&] {
      std::vector<Viewer::Near> near;
      for (const auto& [id, state] : world) near.push_back({id, 1, state});
      const auto snapshot = viewer.MakeSnapshot({}, near);
      ASSERT_TRUE(snapshot.has_value());
      ASSERT_LE(snapshot->size(), kMaxSnapshotBytes);
      const auto applied = replica.Apply(*snapshot);
      ASSERT_TRUE(applied.ok()) << applied.status();
      acknowledgements.push_back(applied->snapshot);
      while (acknowledgements.size() > random() % 12) {
        viewer.Acknowledge(acknowledgements.front());
        acknowledgements.pop_front();
      }
    };
    for (int i = 0; i < 500; ++i) {
      for (int change = 0; change < 10; ++change) {
        const auto id = static_cast<EntityId>(random() % 100);
        if (random() % 20 == 0) {
          world.erase(id);
        } else {
          const auto kind = static_cast<Kind>(id % kKinds);
          world[id] = {kind,
                       {static_cast<int16_t>(random()), static_cast<int16_t>(random() % 100)},
                       static_cast<uint32_t>(kind == Kind::kAvatar ? random() % 256 : random())};
        }
      }
      step();
    }
    for (int i = 0; i < 20; ++i) step();
    std::map<EntityId, State> known;
    replica.ForEach([&](EntityId id, const State& state) { known[id] = state; });
    EXPECT_EQ(known, world) << seed;
  }
}

TEST(ReplicaTest, ASnapshotThatWasLeftOutIsAnError) {
  Viewer viewer;
  Replica replica;
  viewer.MakeSnapshot({}, {});
  EXPECT_EQ(replica.Apply(*viewer.MakeSnapshot({}, {})).status().message(), "snapshot 2 after 0");
}

}  // namespace
}  // namespace weft::world
