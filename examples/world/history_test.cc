#include "examples/world/history.h"

#include "gtest/gtest.h"

namespace weft::world {
namespace {

State At(int16_t x) { return {.kind = Kind::kBall, .place = {.x = x}}; }

TEST(HistoryTest, KnowsNothingOfWhatWasNeverTold) {
  const History history;
  EXPECT_EQ(history.Newest(7), nullptr);
  EXPECT_EQ(history.Acknowledged(7), nullptr);
}

TEST(HistoryTest, TheAcknowledgedStateIsTheNewestThatHasArrived) {
  History history;
  history.Record(1, 7, At(10));
  EXPECT_EQ(history.Acknowledged(7), nullptr);
  history.Record(3, 7, At(30));
  history.Record(5, 7, At(50));
  history.Acknowledge(2);
  EXPECT_EQ(*history.Acknowledged(7), At(10));
  EXPECT_EQ(*history.Newest(7), At(50));
  history.Acknowledge(4);
  EXPECT_EQ(*history.Acknowledged(7), At(30));
  history.Record(6, 7, At(60));  // forgets the states before 30
  EXPECT_EQ(*history.Acknowledged(7), At(30));
  history.Acknowledge(100);
  EXPECT_EQ(*history.Acknowledged(7), At(60));
}

TEST(HistoryTest, AnOldAcknowledgementChangesNothing) {
  History history;
  history.Record(1, 7, At(10));
  history.Record(2, 7, At(20));
  history.Acknowledge(2);
  history.Acknowledge(1);
  EXPECT_EQ(*history.Acknowledged(7), At(20));
}

TEST(HistoryTest, WhatRestsForMoreThan16BitsOfSnapshotsIsStillKnown) {
  History history;
  history.Record(1, 7, At(10));
  history.Acknowledge(200'000);
  EXPECT_EQ(*history.Acknowledged(7), At(10));
}

TEST(HistoryTest, WhatIsForgottenBeginsAnew) {
  History history;
  history.Record(1, 7, At(10));
  history.Record(1, 8, At(80));
  history.Acknowledge(1);
  history.Forget(7);
  EXPECT_EQ(history.Newest(7), nullptr);
  EXPECT_EQ(history.size(), 1);
  history.Record(2, 7, At(20));
  EXPECT_EQ(history.Acknowledged(7), nullptr);
  EXPECT_EQ(*history.Acknowledged(8), At(80));
}

}  // namespace
}  // namespace weft::world
