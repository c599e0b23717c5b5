#include "examples/world/bot.h"

#include <map>
#include <set>
#include <string>
#include <utility>
#include <variant>

#include "examples/world/game.h"
#include "examples/world/scene.h"
#include "gtest/gtest.h"

namespace weft::world {
namespace {

TEST(BotTest, WandersPicksUpAndThrows) {
  Game game(MakeScene(1000));
  std::map<Game::PlayerId, Bot> bots;
  for (uint32_t id = 0; id < 10; ++id) {
    bots.emplace(id, id);
    ASSERT_TRUE(bots.at(id).OnMessage(game.Join(id)).ok());
  }
  std::set<EntityId> carried;
  for (int i = 0; i < 6 * kTicksPerSecond; ++i) {
    game.Tick([&](Game::PlayerId id, absl::string_view message) {
      Bot& bot = bots.at(id);
      const auto answers = bot.OnMessage(message);
      ASSERT_TRUE(answers.ok()) << answers.status();
      if (*TypeOf(message) != MessageType::kSnapshot) return;
      ASSERT_EQ(answers->size(), 2);
      game.OnAcknowledgement(id, std::get<Acknowledgement>(*DecodeClientMessage(answers->at(0))));
      game.OnInput(id, std::get<Input>(*DecodeClientMessage(answers->at(1))));
      carried.insert(bot.replica().head().carried);
    });
  }
  EXPECT_GT(carried.size(), 3);
  for (const auto& [id, bot] : bots) {
    EXPECT_EQ(bot.snapshots(), 6 * kSnapshotsPerSecond);
    const Vector from = ArrivalPlace(static_cast<Team>(id % kTeams), static_cast<int>(id) / kTeams);
    EXPECT_GT(Length(MetresOf(bot.replica().head().place) - from), 1) << id;
  }
}

TEST(BotTest, OneThatPlaysScores) {
  Game game(MakeScene(1));  // the ball
  Bot bot(4);
  ASSERT_TRUE(bot.OnMessage(game.Join(1)).ok());
  Score score;
  for (int i = 0; i < 60 * kTicksPerSecond && score.points[0] == 0; ++i) {
    game.Tick([&](Game::PlayerId id, absl::string_view message) {
      if (*TypeOf(message) == MessageType::kScore) score = *DecodeScore(message);
      const auto answers = bot.OnMessage(message);
      ASSERT_TRUE(answers.ok()) << answers.status();
      if (answers->size() != 2) return;
      game.OnAcknowledgement(id, std::get<Acknowledgement>(*DecodeClientMessage(answers->at(0))));
      game.OnInput(id, std::get<Input>(*DecodeClientMessage(answers->at(1))));
    });
  }
  EXPECT_EQ(score.points[static_cast<int>(Team::kSun)], 1);
  EXPECT_NE(score.scorer, kNoEntity);
}

TEST(BotTest, WhatTheServerMustNotSayIsAnError) {
  Bot bot(1);
  EXPECT_EQ(bot.OnMessage("").status().message(), "a malformed message: empty");
  EXPECT_EQ(bot.OnMessage(Encode(Welcome{.version = 9})).status().message(),
            "the server speaks version 9, not 2");
  EXPECT_EQ(bot.OnMessage(EncodePong({1})).status().message(),
            "a message of type 4 was not asked for");
}

TEST(BotTest, KeepsTheFigures) {
  Bot bot(1);
  ASSERT_TRUE(bot.OnMessage(Encode(Figures{.tick_p99 = 7})).ok());
  EXPECT_EQ(bot.figures().tick_p99, 7);
}

}  // namespace
}  // namespace weft::world
