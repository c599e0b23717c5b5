#include "examples/world/simulation.h"

#include <cmath>
#include <set>
#include <vector>

#include "examples/world/scene.h"
#include "gtest/gtest.h"

namespace weft::world {
namespace {

void Steps(Simulation& simulation, int ticks) {
  for (int i = 0; i < ticks; ++i) simulation.Step();
}

void Drive(Simulation& simulation, EntityId avatar, const Controls& controls, int ticks) {
  for (int i = 0; i < ticks; ++i) {
    simulation.Drive(avatar, controls);
    simulation.Step();
  }
}

constexpr Controls kAct{.act = true};

TEST(SimulationTest, TheSceneHasAsManyBodiesAsAskedFor) {
  for (const int bodies : {0, 1, 1000, kMaxBodies}) {
    Simulation simulation(MakeScene(bodies));
    EXPECT_EQ(simulation.bodies(), bodies);
    EXPECT_EQ(simulation.end(), bodies);
    for (EntityId id = 0; id < simulation.end(); ++id) {
      EXPECT_LE(std::abs(simulation.pose(id).position.x), kHalfSize);
      EXPECT_LE(std::abs(simulation.pose(id).position.z), kHalfSize);
    }
  }
}

TEST(SimulationTest, NothingMovesUntilItIsTouched) {
  const std::vector<Placement> scene = MakeScene(1000);
  Simulation simulation(scene);
  Steps(simulation, 60);
  EXPECT_EQ(simulation.awake(), 0);
  for (EntityId id = 0; id < simulation.end(); ++id) {
    EXPECT_EQ(simulation.pose(id).position, scene[id].position) << id;
  }
}

TEST(SimulationTest, WhatIsTouchedStandsByItself) {
  // Each group is stable even when awake: the first touch does not make it explode.
  const std::vector<Placement> scene = MakeScene(200);
  Simulation simulation(scene);
  const EntityId avatar = simulation.AddAvatar(scene[150].position + Vector{0, 3, 0});
  Steps(simulation, 120);
  EXPECT_GT(simulation.awake(), 0);
  for (EntityId id = 0; id < 200; ++id) {
    EXPECT_LT(Length(simulation.pose(id).position - scene[id].position), 4) << id;
  }
  simulation.RemoveAvatar(avatar);
}

TEST(SimulationTest, AnAvatarReachesItsSpeedAndStops) {
  Simulation simulation({});
  const EntityId avatar = simulation.AddAvatar({0, kAvatarHeight / 2, 0});
  Drive(simulation, avatar, {.move_x = 127}, 60);
  EXPECT_NEAR(simulation.velocity(avatar).x, kAvatarSpeed, 0.1f);
  EXPECT_GT(simulation.pose(avatar).position.x, 5);
  Drive(simulation, avatar, {}, 30);
  EXPECT_NEAR(Length(simulation.velocity(avatar)), 0, 0.1f);
}

TEST(SimulationTest, DiagonallyIsNoFaster) {
  Simulation simulation({});
  const EntityId avatar = simulation.AddAvatar({0, kAvatarHeight / 2, 0});
  Drive(simulation, avatar, {.move_x = 127, .move_z = -127}, 60);
  EXPECT_NEAR(Length(simulation.velocity(avatar)), kAvatarSpeed, 0.1f);
}

TEST(SimulationTest, WallsHold) {
  Simulation simulation({});
  const EntityId avatar = simulation.AddAvatar({kHalfSize - 3, kAvatarHeight / 2, kHalfSize - 3});
  Drive(simulation, avatar, {.move_x = 127, .move_z = 127}, 120);
  EXPECT_NEAR(simulation.pose(avatar).position.x, kHalfSize - kAvatarRadius, 0.2f);
  EXPECT_NEAR(simulation.pose(avatar).position.z, kHalfSize - kAvatarRadius, 0.2f);
}

TEST(SimulationTest, AnAvatarPushesWhatStandsInItsWay) {
  Simulation simulation(std::vector<Placement>{{Kind::kCrate, {2, 0.5f, 0}}});
  const EntityId avatar = simulation.AddAvatar({0, kAvatarHeight / 2, 0});
  Drive(simulation, avatar, {.move_x = 127}, 60);
  EXPECT_GT(simulation.pose(0).position.x, 3);
  EXPECT_LT(simulation.pose(avatar).position.x, simulation.pose(0).position.x);
}

TEST(SimulationTest, PicksUpCarriesAndThrows) {
  Simulation simulation(std::vector<Placement>{{Kind::kBox, {0, 0.3f, 1.5f}}});
  const EntityId avatar = simulation.AddAvatar({0, kAvatarHeight / 2, 0});
  Drive(simulation, avatar, kAct, 1);
  EXPECT_EQ(simulation.carried(avatar), 0);
  Drive(simulation, avatar, {.move_x = 127}, 60);
  EXPECT_EQ(simulation.carried(avatar), 0);
  EXPECT_NEAR(simulation.pose(0).position.x, simulation.pose(avatar).position.x, 0.5f);
  EXPECT_GT(simulation.pose(0).position.y, kAvatarHeight);

  const float thrown_at = simulation.pose(avatar).position.x;
  Drive(simulation, avatar, {.yaw = 192, .act = true}, 1);  // towards -x
  EXPECT_EQ(simulation.carried(avatar), kNoEntity);
  Drive(simulation, avatar, {}, 120);
  EXPECT_LT(simulation.pose(0).position.x, thrown_at - 5);
  EXPECT_LT(simulation.pose(0).position.y, 1);
}

TEST(SimulationTest, WhatIsOutOfReachOrHeldStaysWhereItIs) {
  Simulation simulation(
      std::vector<Placement>{{Kind::kBall, {0, 0.4f, 1.5f}}, {Kind::kBall, {20, 0.4f, 20}}});
  const EntityId first = simulation.AddAvatar({0, kAvatarHeight / 2, 0});
  const EntityId second = simulation.AddAvatar({1, kAvatarHeight / 2, 0});
  Drive(simulation, first, kAct, 1);
  Drive(simulation, second, kAct, 1);
  EXPECT_EQ(simulation.carried(first), 0);
  EXPECT_EQ(simulation.carried(second), kNoEntity);
}

constexpr Placement kGameBall{Kind::kGameBall, kKickOffPlace};

TEST(SimulationTest, TheBallIsKickedAndNotPickedUp) {
  Simulation simulation(std::vector<Placement>{kGameBall, {Kind::kBox, {0.5f, 0.3f, -2.5f}}});
  const EntityId avatar = simulation.AddAvatar({0, kAvatarHeight / 2, -2});
  EXPECT_TRUE(simulation.Drive(avatar, {.act = true}));
  simulation.Step();
  EXPECT_EQ(simulation.carried(avatar), kNoEntity);
  EXPECT_GT(simulation.velocity(0).z, 8);
  Steps(simulation, 60);
  EXPECT_GT(simulation.pose(0).position.z, 5);
  EXPECT_FALSE(simulation.Drive(avatar, {.act = true}));  // too far: it picks up the box
  EXPECT_EQ(simulation.carried(avatar), 1);
}

TEST(SimulationTest, TheBallStaysOnThePitchAndPlayersNeedNot) {
  Simulation simulation(std::vector<Placement>{kGameBall});
  const EntityId avatar = simulation.AddAvatar({0, kAvatarHeight / 2, -2});
  for (int i = 0; i < 40; ++i) {
    // The avatar kicks the ball from behind, each time in another direction.
    const Controls kick{.yaw = static_cast<uint8_t>(37 * i), .act = true};
    const Vector behind = simulation.pose(0).position - DirectionOfYaw(YawOf(kick)) * 2;
    simulation.Put(avatar, {behind.x, kAvatarHeight / 2, behind.z});
    simulation.Drive(avatar, kick);
    for (int tick = 0; tick < 60; ++tick) {
      simulation.Step();
      const Vector ball = simulation.pose(0).position;
      ASSERT_LT(std::abs(ball.x), kPitchHalfWidth) << i;
      ASSERT_LT(std::abs(ball.z), kPitchHalfLength + kGoalDepth) << i;
    }
  }
  simulation.Put(avatar, {kPitchHalfWidth - 1, kAvatarHeight / 2, 0});
  Drive(simulation, avatar, {.move_x = 127}, 60);
  EXPECT_GT(simulation.pose(avatar).position.x, kPitchHalfWidth + 2);
}

TEST(SimulationTest, ARemovedAvatarLetsGo) {
  Simulation simulation(std::vector<Placement>{{Kind::kBox, {0, 0.3f, 1.5f}}});
  const EntityId avatar = simulation.AddAvatar({0, kAvatarHeight / 2, 0});
  EXPECT_EQ(avatar, 1);
  Drive(simulation, avatar, kAct, 30);
  simulation.RemoveAvatar(avatar);
  EXPECT_FALSE(simulation.Exists(avatar));
  Steps(simulation, 120);
  EXPECT_LT(simulation.pose(0).position.y, 0.5f);
  const Vector before = simulation.pose(0).position + Vector{0, kAvatarHeight / 2, -1.5f};
  const EntityId next = simulation.AddAvatar(before);
  Drive(simulation, next, kAct, 1);
  EXPECT_EQ(simulation.carried(next), 0);
}

TEST(SimulationTest, AvatarsGetTheIdsInTurn) {
  Simulation simulation(std::vector<Placement>{{Kind::kBox, {0, 0.3f, 1.5f}}});
  const Vector place = {0, kAvatarHeight / 2, 0};
  const EntityId stays = simulation.AddAvatar(place);
  std::vector<EntityId> ids;  // each of a player who left before the next one came
  for (int i = 0; i < 2 * kAvatarIds; ++i) {
    ids.push_back(simulation.AddAvatar(place));
    simulation.RemoveAvatar(ids.back());
  }
  EXPECT_EQ(std::set<EntityId>(ids.begin(), ids.end()).size(), kAvatarIds - 1);
  EXPECT_EQ(simulation.end(), 1 + kAvatarIds);
  for (int i = 0; i < kAvatarIds - 1; ++i) {
    EXPECT_NE(ids[i], stays);
    EXPECT_EQ(ids[i], ids[i + kAvatarIds - 1]);
  }
}

TEST(SimulationTest, MoreAvatarsThanIdsInTurnGetMoreIds) {
  Simulation simulation({});
  for (EntityId id = 0; id < kAvatarIds + 2; ++id) {
    EXPECT_EQ(simulation.AddAvatar({static_cast<float>(id % 100) - 50, 1, 0}), id);
  }
}

TEST(SimulationTest, PlayersArriveApartAndInside) {
  const auto place_of = [](int i) {
    return ArrivalPlace(static_cast<Team>(i % kTeams), i / kTeams);
  };
  for (int i = 0; i < 500; ++i) {
    const Vector place = place_of(i);
    EXPECT_LT(Length(place), kHalfSize);
    EXPECT_GT(place.z * SideOf(static_cast<Team>(i % kTeams)), 0) << "not on its own side";
    for (int j = 0; j < i; ++j) {
      EXPECT_GT(Length(place - place_of(j)), 2 * kAvatarRadius) << i << " and " << j;
    }
  }
}

}  // namespace
}  // namespace weft::world
