#include "examples/world/game.h"

#include <cmath>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "examples/names/names.h"
#include "examples/world/replica.h"
#include "examples/world/scene.h"
#include "gtest/gtest.h"

namespace weft::world {
namespace {

// Players without a network: the game's messages arrive at once, and are acknowledged at once.
class GameTest : public ::testing::Test {
 protected:
  struct Client {
    EntityId avatar = kNoEntity;
    Team team = Team::kSun;
    Replica replica{};
    size_t snapshots = 0;
    size_t bytes = 0;
    uint8_t input = 0;
    Score score{};
    size_t scores = 0;
    std::map<EntityId, PlayerName> names{};
  };

  Client& Join(Game::PlayerId id) {
    const auto welcome = DecodeWelcome(game_->Join(id));
    EXPECT_TRUE(welcome.ok());
    return clients_[id] = {.avatar = welcome->avatar, .team = welcome->team};
  }

  void Say(Game::PlayerId id, const Controls& controls) {
    game_->OnInput(id, {.number = ++clients_[id].input, .controls = controls});
  }

  void Tick(int ticks = 1) {
    for (int i = 0; i < ticks; ++i) {
      game_->Tick([this](Game::PlayerId id, absl::string_view message) {
        Client& client = clients_.at(id);
        client.bytes += message.size() + (message.size() < 126 ? 2 : 4) + 52;
        if (*TypeOf(message) == MessageType::kScore) {
          client.score = *DecodeScore(message);
          ++client.scores;
        } else if (*TypeOf(message) == MessageType::kNames) {
          ASSERT_LE(message.size(), kMaxNamesBytes + 1);
          const auto names = DecodeNames(message);
          ASSERT_TRUE(names.ok()) << names.status();
          for (const PlayerName& name : *names) client.names[name.avatar] = name;
        } else {
          OnSnapshot(id, client, message);
        }
      });
    }
  }

  void OnSnapshot(Game::PlayerId id, Client& client, absl::string_view snapshot) {
    const auto applied = client.replica.Apply(snapshot);
    ASSERT_TRUE(applied.ok()) << applied.status();
    ASSERT_LE(snapshot.size(), kMaxSnapshotBytes);
    ++client.snapshots;
    game_->OnAcknowledgement(id, *applied);
  }

  std::unique_ptr<Game> game_ = std::make_unique<Game>(MakeScene(1000));
  std::map<Game::PlayerId, Client> clients_;
};

TEST_F(GameTest, TellsTwentyTimesASecond) {
  Join(1);
  Join(2);
  Join(3);
  Join(4);
  Tick(kTicksPerSecond);
  for (const auto& [id, client] : clients_) EXPECT_EQ(client.snapshots, kSnapshotsPerSecond);
}

TEST_F(GameTest, PlayersSeeEachOtherAndWhatIsNear) {
  const EntityId first = Join(1).avatar;
  const EntityId second = Join(2).avatar;
  Tick(kTicksPerSecond);
  ASSERT_NE(clients_[1].replica.Find(second), nullptr);
  EXPECT_EQ(clients_[1].replica.Find(second)->kind, Kind::kAvatar);
  EXPECT_NE(clients_[2].replica.Find(first), nullptr);
  EXPECT_EQ(clients_[1].replica.Find(first), nullptr);  // itself is in the head
  EXPECT_GT(clients_[1].replica.size(), 50);
  EXPECT_LT(clients_[1].replica.size(), 500);
  clients_[1].replica.ForEach([&](EntityId, const State& state) {
    const Vector place = MetresOf(state.place) - MetresOf(clients_[1].replica.head().place);
    EXPECT_LE(std::hypot(place.x, place.z), kSeenUntil + 0.1f);
  });
}

TEST_F(GameTest, WhatOnePlayerThrowsTheOtherSeesLandInTheSamePlace) {
  Join(1);
  Join(2);
  Tick(60);
  Say(1, {.act = true});  // towards the middle
  Tick(30);
  const EntityId thrown = clients_[1].replica.head().carried;
  ASSERT_NE(thrown, kNoEntity);
  const State before = *clients_[2].replica.Find(thrown);
  EXPECT_EQ(clients_[2].replica.head().carried, kNoEntity);
  Say(1, {.act = true});
  Tick(10 * kTicksPerSecond);
  EXPECT_EQ(clients_[1].replica.head().carried, kNoEntity);
  ASSERT_NE(clients_[2].replica.Find(thrown), nullptr);
  EXPECT_EQ(*clients_[1].replica.Find(thrown), *clients_[2].replica.Find(thrown));
  EXPECT_GT(Length(MetresOf(clients_[2].replica.Find(thrown)->place) - MetresOf(before.place)), 3);
}

TEST_F(GameTest, WhoLeavesIsGoneForTheOthers) {
  Join(1);
  const EntityId second = Join(2).avatar;
  Tick(60);
  ASSERT_NE(clients_[1].replica.Find(second), nullptr);
  game_->Leave(2);
  Tick(60);
  EXPECT_EQ(clients_[1].replica.Find(second), nullptr);
  EXPECT_EQ(game_->figures().players, 1);
  game_->Leave(2);  // idempotent
  game_->OnInput(2, {});
  game_->OnAcknowledgement(2, {});
}

TEST_F(GameTest, TheHeadSaysWhatTheAvatarDoes) {
  Join(1);
  Tick(30);
  for (int i = 0; i < 20; ++i) {
    Say(1, {.move_z = 127});
    Tick(kTicksPerSnapshot);
  }
  const SnapshotHead& head = clients_[1].replica.head();
  EXPECT_EQ(head.input, 20);
  EXPECT_NEAR(MetresOf(head.velocity).z, kAvatarSpeed, 0.5f);
  EXPECT_GT(MetresOf(head.place).z, ArrivalPlace(Team::kSun, 0).z + 4);
}

// The limit of 5 KiB per second in the worst case: a hundred players in one spot, all of them
// running, picking up and throwing.
TEST_F(GameTest, AHundredPlayersInAHeapGetNoMoreThanWasPromised) {
  constexpr int kPlayers = 100;
  constexpr int kSeconds = 1;
  for (int id = 0; id < kPlayers; ++id) Join(id);
  for (int i = 0; i < kSeconds * kSnapshotsPerSecond; ++i) {
    for (int id = 0; id < kPlayers; ++id) {
      const int turn = i / 10 + id;
      Say(id, {.move_x = static_cast<int8_t>(turn % 3 * 127 - 127),
               .move_z = static_cast<int8_t>(turn % 2 * 254 - 127),
               .yaw = static_cast<uint8_t>(turn * 37),
               .act = (i + id) % 20 == 0});
    }
    Tick(kTicksPerSnapshot);
  }
  EXPECT_GT(game_->figures().awake, 3);
  size_t most = 0;
  for (const auto& [id, client] : clients_) most = std::max(most, client.bytes);
  EXPECT_GT(most, kSeconds * 2000);
  // With the headers of the frame, TCP and IP; and the figures and a pong.
  EXPECT_LE(most + size_t{kSeconds} * (65 + 57), size_t{kSeconds} * 5 * 1024);
}

constexpr Vector kBehindMoonsLine{0, 1, kPitchHalfLength + 1};

TEST_F(GameTest, AGoalIsSeenByAll) {
  const EntityId ann = Join(1).avatar;
  Join(2);
  ASSERT_EQ(clients_[1].team, Team::kSun);
  ASSERT_EQ(clients_[2].team, Team::kMoon);
  Tick();
  const size_t scores = clients_[2].scores;
  // Ann kicks the ball, which then is in the goal.
  game_->PutBall(ArrivalPlace(Team::kSun, 0) + Vector{0, 0, 2});
  Say(1, {.act = true});
  Tick(10);
  ASSERT_EQ(clients_[1].replica.head().carried, kNoEntity);
  game_->PutBall(kBehindMoonsLine);
  Tick(2);
  const Score goal{.points = {1, 0}, .goal = Team::kSun, .scorer = ann};
  for (const Game::PlayerId id : {1, 2}) {
    EXPECT_EQ(clients_[id].score, goal);
    EXPECT_EQ(clients_[id].scores, scores + 1);
  }
  // And then the ball is back in the middle.
  Tick(kPauseTicks + kTicksPerSnapshot);
  EXPECT_EQ(clients_[2].score, (Score{.points = {1, 0}}));
  const Vector ball = MetresOf(clients_[2].replica.Find(0)->place);
  EXPECT_LT(Length(ball - kKickOffPlace), 0.1f);
}

TEST_F(GameTest, ALateJoinerGetsTheScoreAndTheNamesAtOnce) {
  const EntityId ann = Join(1).avatar;
  const EntityId bob = Join(2).avatar;
  Tick();
  game_->OnName(1, {"  Ann "});
  game_->OnName(2, {" \u202e "});  // nothing is left: he keeps his friendly name
  game_->PutBall(kBehindMoonsLine);
  Tick(2);
  const EntityId eve = Join(3).avatar;
  EXPECT_EQ(clients_[3].team, Team::kSun);
  Tick();
  EXPECT_EQ(clients_[3].score.points[0], 1);
  EXPECT_EQ(clients_[3].names.at(ann), (PlayerName{ann, Team::kSun, "Ann"}));
  EXPECT_EQ(clients_[3].names.at(bob), (PlayerName{bob, Team::kMoon, examples::FriendlyName(1)}));
  EXPECT_EQ(clients_[3].names.count(eve), 1);
  Tick(kTicksPerSecond);
  EXPECT_EQ(clients_[1].names.at(ann).name, "Ann");
  EXPECT_EQ(clients_[1].names.count(eve), 1);
}

TEST_F(GameTest, NamesThatChangeAllTheTimeCostNoMore) {
  for (int id = 0; id < 100; ++id) Join(id);
  Tick(kTicksPerSecond);
  const size_t before = clients_[0].bytes;
  for (int i = 0; i < kTicksPerSecond; ++i) {
    for (int id = 0; id < 100; ++id) game_->OnName(id, {std::to_string(1e18 + i)});
    Tick();
  }
  EXPECT_LE(clients_[0].bytes - before, 5 * 1024 - 65 - 57);
}

TEST_F(GameTest, ThoseWhoLeftAreReplacedInTheSmallerTeam) {
  for (int id = 0; id < 6; ++id) Join(id);
  for (const int id : {1, 3, 5}) game_->Leave(id);  // all of Moon
  for (int id = 6; id < 9; ++id) EXPECT_EQ(Join(id).team, Team::kMoon);
}

TEST_F(GameTest, TheBallIsSeenFromEverywhere) {
  Join(1);
  Tick(30);
  ASSERT_NE(clients_[1].replica.Find(0), nullptr);
  for (int i = 0; i < 12 * kSnapshotsPerSecond; ++i) {
    Say(1, {.move_z = -127});
    Tick(kTicksPerSnapshot);
  }
  const Vector own = MetresOf(clients_[1].replica.head().place);
  EXPECT_GT(Length(own - MetresOf(clients_[1].replica.Find(0)->place)), kSeenUntil + 1);
}

TEST_F(GameTest, TheBallIsSeenAtOnceByWhoArrivesAtTheBorderOfSight) {
  game_->PutBall({9, kKickOffPlace.y, 16});
  for (int id = 0; id < 120; ++id) Join(id);
  Tick(kTicksPerSecond);
  int at_border = 0;
  for (const auto& [id, client] : clients_) {
    const State* ball = client.replica.Find(0);
    ASSERT_NE(ball, nullptr) << id;
    const Vector way = MetresOf(ball->place) - MetresOf(client.replica.head().place);
    const float distance = std::hypot(way.x, way.z);
    if (distance > kSeenFrom && distance <= kSeenUntil) ++at_border;
  }
  EXPECT_GT(at_border, 0);
}

TEST_F(GameTest, WhoArrivesIsNotTakenForWhoHasJustLeft) {
  Join(1);
  const EntityId second = Join(2).avatar;
  Tick(kTicksPerSecond);
  game_->Leave(2);
  const EntityId third = Join(3).avatar;
  EXPECT_EQ(clients_[1].names.count(third), 0);
  Tick(kTicksPerSecond);
  EXPECT_EQ(clients_[1].replica.Find(second), nullptr);
  EXPECT_NE(clients_[1].replica.Find(third), nullptr);
}

}  // namespace
}  // namespace weft::world
