#include "weft/client/connecting/round_trip.h"

#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace weft {
namespace {

constexpr absl::Duration AtMs(int milliseconds) {
  return absl::Milliseconds(1000000 + milliseconds);
}

constexpr std::optional<absl::Duration> Milliseconds(int n) { return absl::Milliseconds(n); }

TEST(RoundTripTest, IsFromPingToPong) {
  RoundTrip round_trip;
  EXPECT_EQ(round_trip.last(), std::nullopt);
  round_trip.Pinged("a", AtMs(0));
  EXPECT_EQ(round_trip.last(), std::nullopt);
  EXPECT_TRUE(round_trip.Ponged("a", AtMs(30)));
  EXPECT_EQ(round_trip.last(), Milliseconds(30));
  round_trip.Pinged("b", AtMs(100));
  EXPECT_EQ(round_trip.last(), Milliseconds(30));
  round_trip.Ponged("b", AtMs(120));
  EXPECT_EQ(round_trip.last(), Milliseconds(20));
}

TEST(RoundTripTest, Section_5_5_3_PongsThatNobodyAskedForDoNotCount) {
  RoundTrip round_trip;
  EXPECT_FALSE(round_trip.Ponged("", AtMs(0)));
  EXPECT_FALSE(round_trip.Ponged("a", AtMs(0)));
  round_trip.Pinged("a", AtMs(0));
  round_trip.Ponged("", AtMs(1));
  round_trip.Ponged("A", AtMs(2));
  round_trip.Ponged("ab", AtMs(3));
  EXPECT_EQ(round_trip.last(), std::nullopt);
  round_trip.Ponged("a", AtMs(4));
  round_trip.Ponged("a", AtMs(9));  // twice
  EXPECT_EQ(round_trip.last(), Milliseconds(4));
}

TEST(RoundTripTest, APingWithoutAPayloadIsNotTimed) {
  RoundTrip round_trip;
  round_trip.Pinged("", AtMs(0));
  round_trip.Ponged("", AtMs(1));
  EXPECT_EQ(round_trip.last(), std::nullopt);
}

TEST(RoundTripTest, EachPingHasItsOwnTime) {
  RoundTrip round_trip;
  round_trip.Pinged("a", AtMs(0));
  round_trip.Pinged("b", AtMs(10));
  round_trip.Ponged("a", AtMs(30));
  EXPECT_EQ(round_trip.last(), Milliseconds(30));
  round_trip.Ponged("b", AtMs(31));
  EXPECT_EQ(round_trip.last(), Milliseconds(21));
}

TEST(RoundTripTest, Section_5_5_3_APeerMayAnswerTheLatestOnly) {
  RoundTrip round_trip;
  round_trip.Pinged("a", AtMs(0));
  round_trip.Pinged("b", AtMs(10));
  round_trip.Ponged("b", AtMs(30));
  round_trip.Ponged("a", AtMs(50));  // too late to count
  EXPECT_EQ(round_trip.last(), Milliseconds(20));
}

// Which of the two is answered is not visible: it is the first, if every ping is answered.
TEST(RoundTripTest, EqualPayloadsAreTimedOneByOne) {
  RoundTrip round_trip;
  round_trip.Pinged("a", AtMs(0));
  round_trip.Pinged("a", AtMs(10));
  round_trip.Ponged("a", AtMs(15));
  EXPECT_EQ(round_trip.last(), Milliseconds(15));
  round_trip.Ponged("a", AtMs(25));
  EXPECT_EQ(round_trip.last(), Milliseconds(15));
}

TEST(RoundTripTest, EarlierPingsThanAnAnsweredOneAreForgotten) {
  RoundTrip round_trip;
  round_trip.Pinged("a", AtMs(0));
  round_trip.Pinged("b", AtMs(10));
  round_trip.ForgetBefore(AtMs(10));
  EXPECT_FALSE(round_trip.Ponged("a", AtMs(20)));
  EXPECT_TRUE(round_trip.Ponged("b", AtMs(30)));
  EXPECT_TRUE(round_trip.empty());
}

// With any number of pings in flight, for a peer that answers each and one that answers only the
// latest.
TEST(RoundTripTest, MorePingsThanAreRemembered) {
  RoundTrip round_trip;
  for (int i = 0; i < 1000; ++i) round_trip.Pinged(absl::StrCat(i), AtMs(i));
  round_trip.Ponged("0", AtMs(2000));
  EXPECT_EQ(round_trip.last(), Milliseconds(2000));
  round_trip.Ponged("999", AtMs(2000));
  EXPECT_EQ(round_trip.last(), Milliseconds(1001));
}

}  // namespace
}  // namespace weft
