#include "examples/world/game.h"

#include <cmath>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "examples/world/replica.h"
#include "examples/world/scene.h"
#include "gtest/gtest.h"

namespace weft::world {
namespace {

// Players without a network: the game's messages arrive at once, and are acknowledged at once.
class GameTest : public testing::Test {
 protected:
  struct Client {
    EntityId avatar = kNoEntity;
    Replica replica{};
    size_t snapshots = 0;
    size_t bytes = 0;
    uint8_t input = 0;
  };

  Client& Join(Game::PlayerId id) {
    const auto welcome = DecodeWelcome(game_->Join(id));
    EXPECT_TRUE(welcome.ok());
    return clients_[id] = {.avatar = welcome->avatar};
  }

  void Say(Game::PlayerId id, const Controls& controls) {
    game_->OnInput(id, {.number = ++clients_[id].input, .controls = controls});
  }

  void Tick(int ticks = 1) {
    for (int i = 0; i < ticks; ++i) {
      game_->Tick([this](Game::PlayerId id, absl::string_view snapshot) {
        Client& client = clients_.at(id);
        const auto applied = client.replica.Apply(snapshot);
        ASSERT_TRUE(applied.ok()) << applied.status();
        ASSERT_LE(snapshot.size(), kMaxSnapshotBytes);
        ++client.snapshots;
        client.bytes += snapshot.size();
        game_->OnAcknowledgement(id, *applied);
      });
    }
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
  Say(1, {.yaw = 128, .act = true});  // towards the middle
  Tick(30);
  const EntityId thrown = clients_[1].replica.head().carried;
  ASSERT_NE(thrown, kNoEntity);
  const State before = *clients_[2].replica.Find(thrown);
  EXPECT_EQ(clients_[2].replica.head().carried, kNoEntity);
  Say(1, {.yaw = 128, .act = true});
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
  EXPECT_GT(MetresOf(head.place).z, 2);
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
  EXPECT_GT(game_->figures().awake, 10);
  size_t most = 0;
  for (const auto& [id, client] : clients_) most = std::max(most, client.bytes);
  EXPECT_GT(most, kSeconds * 2000);
  // With the headers of the frame, TCP and IP.
  EXPECT_LE(most + size_t{kSeconds} * kSnapshotsPerSecond * (4 + 52), size_t{kSeconds} * 5 * 1024);
}

}  // namespace
}  // namespace weft::world
