#include "examples/world/match.h"

#include <array>
#include <cstdint>

#include "gtest/gtest.h"

namespace weft::world {
namespace {

using Event = Match::Event;
using Points = std::array<uint8_t, kTeams>;

constexpr Vector kMiddle{0, 1, 0};
constexpr Vector kInMoonsGoal{1, 1, kPitchHalfLength + 0.1f};
constexpr Vector kInSunsGoal{-1, 1, -kPitchHalfLength - 0.1f};

// The ticks of the pause, at whose end the ball is put in the middle.
void Pause(Match& match, Vector ball) {
  for (int i = 1; i < kPauseTicks; ++i) ASSERT_EQ(match.Tick(ball, kNoEntity), Event::kNone) << i;
  ASSERT_EQ(match.Tick(ball, kNoEntity), Event::kKickOff);
}

TEST(MatchTest, AGoalCountsOnceForTheOtherTeam) {
  Match match;
  EXPECT_EQ(match.Tick(kMiddle, 7), Event::kNone);
  EXPECT_EQ(match.score(), Score());
  EXPECT_EQ(match.Tick(kInMoonsGoal, kNoEntity), Event::kGoal);
  const Score first{.points = {1, 0}, .goal = Team::kSun, .scorer = 7};
  EXPECT_EQ(match.score(), first);
  Pause(match, kInMoonsGoal);
  EXPECT_EQ(match.score(), (Score{.points = {1, 0}}));
  EXPECT_EQ(match.Tick(kInSunsGoal, kNoEntity), Event::kGoal);
  const Score second{.points = {1, 1}, .goal = Team::kMoon};  // nobody touched it since
  EXPECT_EQ(match.score(), second);
}

TEST(MatchTest, BesideOrAboveTheGoalIsNoGoal) {
  Match match;
  for (const Vector ball : {Vector{kGoalHalfWidth + 0.1f, 1, kPitchHalfLength + 0.5f},
                            Vector{0, kGoalHeight + 0.1f, kPitchHalfLength + 0.5f},
                            Vector{0, 1, kPitchHalfLength - 0.1f}}) {
    EXPECT_EQ(match.Tick(ball, kNoEntity), Event::kNone);
  }
  EXPECT_EQ(match.score(), Score());
}

TEST(MatchTest, TheNextMatchStartsAfterTheLastGoal) {
  Match match;
  for (int i = 1; i <= kGoalsToWin; ++i) {
    ASSERT_EQ(match.Tick(kInSunsGoal, kNoEntity), Event::kGoal);
    ASSERT_EQ(match.score().points, (Points{0, static_cast<uint8_t>(i)}));
    Pause(match, kInSunsGoal);
  }
  EXPECT_EQ(match.score(), Score());
}

TEST(MatchTest, ABallThatIsLostComesBack) {
  Match match;
  EXPECT_EQ(match.Tick({kPitchHalfWidth + 2, 1, 0}, kNoEntity), Event::kKickOff);
  EXPECT_EQ(match.Tick({0, -5, 0}, kNoEntity), Event::kKickOff);
  EXPECT_EQ(match.Tick({0, 1, 40}, kNoEntity), Event::kKickOff);
  EXPECT_EQ(match.score(), Score());
}

TEST(MatchTest, WhoLeftIsNotNamed) {
  Match match;
  match.Tick(kMiddle, 7);
  match.Forget(7);
  match.Tick(kInMoonsGoal, kNoEntity);
  EXPECT_EQ(match.score().scorer, kNoEntity);
}

}  // namespace
}  // namespace weft::world
