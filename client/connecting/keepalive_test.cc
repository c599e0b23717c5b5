#include "weft/client/connecting/keepalive.h"

#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace weft {
namespace {

using Verdict = Keepalive::Verdict;

constexpr absl::Duration At(int seconds) { return absl::Seconds(1000 + seconds); }

TEST(KeepaliveTest, WaitsThenPingsOnceThenGivesUp) {
  Keepalive keepalive(absl::Seconds(20), absl::Seconds(5), At(0));
  EXPECT_EQ(keepalive.due(), At(20));
  EXPECT_EQ(keepalive.Check(At(19)), Verdict::kWait);
  EXPECT_EQ(keepalive.Check(At(20)), Verdict::kPing);
  EXPECT_EQ(keepalive.due(), At(25));
  EXPECT_EQ(keepalive.Check(At(20)), Verdict::kWait);
  EXPECT_EQ(keepalive.Check(At(24)), Verdict::kWait);
  EXPECT_EQ(keepalive.Check(At(25)), Verdict::kGone);
}

TEST(KeepaliveTest, AnythingHeardBeginsAnew) {
  Keepalive keepalive(absl::Seconds(20), absl::Seconds(5), At(0));
  keepalive.Heard(At(19));
  EXPECT_EQ(keepalive.Check(At(38)), Verdict::kWait);
  EXPECT_EQ(keepalive.Check(At(39)), Verdict::kPing);
  keepalive.Heard(At(43));
  EXPECT_EQ(keepalive.Check(At(45)), Verdict::kWait);
  EXPECT_EQ(keepalive.due(), At(63));
  EXPECT_EQ(keepalive.Check(At(63)), Verdict::kPing);
}

// No thread was in Receive() for long: the peer's time starts with the ping.
TEST(KeepaliveTest, ALateCheckStillGivesThePeerItsTime) {
  Keepalive keepalive(absl::Seconds(20), absl::Seconds(5), At(0));
  EXPECT_EQ(keepalive.Check(At(100)), Verdict::kPing);
  EXPECT_EQ(keepalive.due(), At(105));
}

TEST(KeepaliveTest, InfiniteIntervalNeverPings) {
  Keepalive keepalive(absl::InfiniteDuration(), absl::Seconds(5), At(0));
  EXPECT_EQ(keepalive.due(), absl::InfiniteDuration());
  EXPECT_EQ(keepalive.Check(At(1 << 30)), Verdict::kWait);
  keepalive.Heard(At(1));
  EXPECT_EQ(keepalive.due(), absl::InfiniteDuration());
}

TEST(KeepaliveTest, InfiniteTimeoutPingsAndNeverGivesUp) {
  Keepalive keepalive(absl::Seconds(20), absl::InfiniteDuration(), At(0));
  EXPECT_EQ(keepalive.Check(At(20)), Verdict::kPing);
  EXPECT_EQ(keepalive.Check(At(1 << 30)), Verdict::kWait);
}

}  // namespace
}  // namespace weft
