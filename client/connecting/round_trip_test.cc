#include "weft/client/connecting/round_trip.h"

#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace weft {
namespace {

constexpr absl::Duration At(int milliseconds) { return absl::Milliseconds(1000000 + milliseconds); }

constexpr std::optional<absl::Duration> Milliseconds(int n) { return absl::Milliseconds(n); }

TEST(RoundTripTest, IsFromPingToPong) {
  RoundTrip round_trip;
  EXPECT_EQ(round_trip.last(), std::nullopt);
  round_trip.Pinged("a", At(0));
  EXPECT_EQ(round_trip.last(), std::nullopt);
  EXPECT_TRUE(round_trip.Ponged("a", At(30)));
  EXPECT_EQ(round_trip.last(), Milliseconds(30));
  round_trip.Pinged("b", At(100));
  EXPECT_EQ(round_trip.last(), Milliseconds(30));
  round_trip.Ponged("b", At(120));
  EXPECT_EQ(round_trip.last(), Milliseconds(20));
}

TEST(RoundTripTest, Section_5_5_3_PongsThatNobodyAskedForDoNotCount) {
  RoundTrip round_trip;
  EXPECT_FALSE(round_trip.Ponged("", At(0)));
  EXPECT_FALSE(round_trip.Ponged("a", At(0)));
  round_trip.Pinged("a", At(0));
  round_trip.Ponged("", At(1));
  round_trip.Ponged("A", At(2));
  round_trip.Ponged("ab", At(3));
  EXPECT_EQ(round_trip.last(), std::nullopt);
  round_trip.Ponged("a", At(4));
  round_trip.Ponged("a", At(9));  // twice
  EXPECT_EQ(round_trip.last(), Milliseconds(4));
}

TEST(RoundTripTest, APingWithoutAPayloadIsNotTimed) {
  RoundTrip round_trip;
  round_trip.Pinged("", At(0));
  round_trip.Ponged("", At(1));
  EXPECT_EQ(round_trip.last(), std::nullopt);
}

TEST(RoundTripTest, EachPingHasItsOwnTime) {
  RoundTrip round_trip;
  round_trip.Pinged("a", At(0));
  round_trip.Pinged("b", At(10));
  round_trip.Ponged("a", At(30));
  EXPECT_EQ(round_trip.last(), Milliseconds(30));
  round_trip.Ponged("b", At(31));
  EXPECT_EQ(round_trip.last(), Milliseconds(21));
}

TEST(RoundTripTest, Section_5_5_3_APeerMayAnswerTheLatestOnly) {
  RoundTrip round_trip;
  round_trip.Pinged("a", At(0));
  round_trip.Pinged("b", At(10));
  round_trip.Ponged("b", At(30));
  round_trip.Ponged("a", At(50));  // too late to count
  EXPECT_EQ(round_trip.last(), Milliseconds(20));
}

// Which of the two is answered is not visible: it is the first, if every ping is answered.
TEST(RoundTripTest, EqualPayloadsAreTimedOneByOne) {
  RoundTrip round_trip;
  round_trip.Pinged("a", At(0));
  round_trip.Pinged("a", At(10));
  round_trip.Ponged("a", At(15));
  EXPECT_EQ(round_trip.last(), Milliseconds(15));
  round_trip.Ponged("a", At(25));
  EXPECT_EQ(round_trip.last(), Milliseconds(15));
}

// With any number of pings in flight, for a peer that answers each and one that answers only the
// latest.
TEST(RoundTripTest, MorePingsThanAreRemembered) {
  RoundTrip round_trip;
  for (int i = 0; i < 1000; ++i) round_trip.Pinged(absl::StrCat(i), At(i));
  round_trip.Ponged("0", At(2000));
  EXPECT_EQ(round_trip.last(), Milliseconds(2000));
  round_trip.Ponged("999", At(2000));
  EXPECT_EQ(round_trip.last(), Milliseconds(1001));
}

}  // namespace
}  // namespace weft
