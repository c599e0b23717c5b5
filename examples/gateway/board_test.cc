// Times are the test's: the board has no clock.

#include "examples/gateway/board.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace weft::gateway {
namespace {

TEST(BoardTest, OfManyTradesOnlyTheLatestOfEachInstrumentIsAChange) {
  Board board(1);
  for (int i = 1; i <= 1000; ++i) {
    ASSERT_TRUE(board.OnTrade({"WARP", 100.0 + i}, i).ok());
    ASSERT_TRUE(board.OnTrade({"LOOM", 10.0 + i}, i).ok());
  }
  EXPECT_EQ(board.TakeChanges(),
            (std::vector<Quote>{{"LOOM", {1000, 1010}}, {"WARP", {1000, 1100}}}));
  EXPECT_EQ(board.TakeChanges(), std::vector<Quote>());
  ASSERT_TRUE(board.OnTrade({"WARP", 7}, 1001).ok());
  EXPECT_EQ(board.TakeChanges(), (std::vector<Quote>{{"WARP", {1001, 7}}}));
  EXPECT_EQ(board.Quotes(), (std::vector<Quote>{{"LOOM", {1000, 1010}}, {"WARP", {1001, 7}}}));
}

TEST(BoardTest, TheHistoryIsAMinuteWithTwoPointsPerSecond) {
  Board board(1);
  // Ten trades per second, for 90 seconds.
  for (int64_t ms = 0; ms <= 90'000; ms += 100) {
    ASSERT_TRUE(board.OnTrade({"WARP", 1.0 + static_cast<double>(ms)}, ms).ok());
  }
  const std::vector<Instrument> all = board.Instruments();
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].open, 1.0);
  const std::vector<Point>& points = all[0].points;
  ASSERT_EQ(points.size(), 121u);
  // The last trade in each half second, and the latest of all.
  EXPECT_EQ(points[0], (Point{30'400, 30'401}));
  EXPECT_EQ(points[1], (Point{30'900, 30'901}));
  EXPECT_EQ(points.back(), (Point{90'000, 90'001}));
}

TEST(BoardTest, AnInstrumentThatIsTradedRarelyKeepsItsLastPoint) {
  Board board(1);
  ASSERT_TRUE(board.OnTrade({"WARP", 1}, 0).ok());
  ASSERT_TRUE(board.OnTrade({"WARP", 2}, 500'000).ok());
  EXPECT_EQ(board.Instruments().at(0).points, (std::vector<Point>{{500'000, 2}}));
  EXPECT_EQ(board.Instruments().at(0).open, 1);
}

TEST(BoardTest, AFeedCannotMakeItHoldAnyNumberOfInstruments) {
  Board board(1);
  for (size_t i = 0; i < kMaxInstruments; ++i) {
    ASSERT_TRUE(board.OnTrade({absl::StrCat("I", i), 1}, 0).ok());
  }
  EXPECT_EQ(board.OnTrade({"ODD", 1}, 0),
            absl::ResourceExhaustedError("ODD is one more than 100 instruments"));
  EXPECT_TRUE(board.OnTrade({"I7", 2}, 1).ok());
  EXPECT_EQ(board.Quotes().size(), kMaxInstruments);
}

TEST(BoardTest, TheRateIsThatOfTheLastFullSecond) {
  Board board(1);
  for (int64_t ms = 5000; ms < 6000; ms += 100) ASSERT_TRUE(board.OnTrade({"WARP", 1}, ms).ok());
  EXPECT_EQ(board.State(5999).messages_per_second, 0u);
  EXPECT_EQ(board.State(6000).messages_per_second, 10u);
  ASSERT_TRUE(board.OnTrade({"WARP", 1}, 6500).ok());
  EXPECT_EQ(board.State(6999).messages_per_second, 10u);
  EXPECT_EQ(board.State(7000).messages_per_second, 1u);
  EXPECT_EQ(board.State(8000).messages_per_second, 0u);
  // It did not look at all seconds.
  ASSERT_TRUE(board.OnTrade({"WARP", 1}, 9000).ok());
  EXPECT_EQ(board.State(12'000).messages_per_second, 0u);
}

TEST(BoardTest, TheStateOfAConnectionThatIsLostAndComesBack) {
  Board board(1);
  FeedState state = board.State(0);
  EXPECT_EQ(state.connected, 0u);
  EXPECT_EQ(state.of, 1u);
  EXPECT_EQ(state.retry_ms, std::nullopt);
  EXPECT_EQ(state.reason, "");

  board.OnConnected(0);
  EXPECT_EQ(board.State(0).connected, 1u);

  board.OnWaiting(0, 5000, "refused");
  state = board.State(2000);
  EXPECT_EQ(state.connected, 0u);
  EXPECT_EQ(state.retry_ms, 3000);
  EXPECT_EQ(state.reason, "refused");
  EXPECT_EQ(board.State(6000).retry_ms, 0) << "the attempt is late";

  board.OnConnecting(0);
  EXPECT_EQ(board.State(6000).retry_ms, std::nullopt);
  EXPECT_EQ(board.State(6000).reason, "refused");
  board.OnConnected(0);
  EXPECT_EQ(board.State(6000).connected, 1u);
}

TEST(BoardTest, TheStateOfManyConnections) {
  Board board(1000);
  for (size_t i = 0; i < 600; ++i) board.OnConnected(i);
  for (size_t i = 600; i < 990; ++i) board.OnWaiting(i, static_cast<int64_t>(10 * i), "broken");
  for (size_t i = 990; i < 1000; ++i) board.OnGaveUp(i, "not found");
  const FeedState state = board.State(1000);
  EXPECT_EQ(state.connected, 600u);
  EXPECT_EQ(state.given_up, 10u);
  EXPECT_EQ(state.of, 1000u);
  EXPECT_EQ(state.retry_ms, 5000) << "of the first to try again";
  EXPECT_EQ(state.reason, "not found");
}

}  // namespace
}  // namespace weft::gateway
