#include "weft/transport/address_race.h"

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "weft/transport/address.h"

namespace weft {
namespace {

constexpr absl::Duration kDelay = absl::Milliseconds(250);
constexpr absl::Duration kStart = absl::Seconds(1000);

std::vector<SocketAddress> Three() {
  return {*SocketAddress::FromIp("::1", 80), *SocketAddress::FromIp("1.1.1.1", 80),
          *SocketAddress::FromIp("::2", 80)};
}

TEST(AddressRaceTest, Section_4_FamiliesTakeTurns) {
  const auto order = [](const std::vector<const char*>& ips) {
    std::vector<SocketAddress> addresses;
    for (const char* ip : ips) addresses.push_back(*SocketAddress::FromIp(ip, 80));
    std::string text;
    for (const SocketAddress& address : internal::Interleaved(addresses)) {
      absl::StrAppend(&text, text.empty() ? "" : " ", address.ip());
    }
    return text;
  };
  EXPECT_EQ(order({"::1", "::2", "::3", "1.1.1.1", "2.2.2.2"}), "::1 1.1.1.1 ::2 2.2.2.2 ::3");
  EXPECT_EQ(order({"1.1.1.1", "2.2.2.2", "::1"}), "1.1.1.1 ::1 2.2.2.2");
  EXPECT_EQ(order({"::1", "1.1.1.1", "2.2.2.2", "3.3.3.3"}), "::1 1.1.1.1 2.2.2.2 3.3.3.3");
  EXPECT_EQ(order({"1.1.1.1"}), "1.1.1.1");
  EXPECT_EQ(order({}), "");
}

TEST(AddressRaceTest, Section_5_TheNextIsDueAfterTheDelay) {
  AddressRace race("", Three(), kDelay);
  EXPECT_EQ(race.Start(kStart), 0u);
  EXPECT_EQ(race.Start(kStart), std::nullopt);
  EXPECT_EQ(race.due(), kStart + kDelay);
  EXPECT_EQ(race.Start(kStart + kDelay - absl::Milliseconds(1)), std::nullopt);
  EXPECT_EQ(race.Start(kStart + kDelay), 1u);
  EXPECT_EQ(race.address(1).ip(), "1.1.1.1");
  EXPECT_EQ(race.due(), kStart + 2 * kDelay);
  EXPECT_EQ(race.Start(kStart + 2 * kDelay), 2u);
  EXPECT_EQ(race.due(), absl::InfiniteDuration());
  EXPECT_EQ(race.Start(kStart + 3 * kDelay), std::nullopt);
  EXPECT_FALSE(race.lost());
}

TEST(AddressRaceTest, Section_5_AFailureOfTheLastMakesWayAtOnce) {
  AddressRace race("", Three(), kDelay);
  EXPECT_EQ(race.Start(kStart), 0u);
  race.Failed(0, "a");
  EXPECT_EQ(race.Start(kStart), 1u);
  EXPECT_EQ(race.due(), kStart + kDelay);
  EXPECT_EQ(race.Start(kStart), std::nullopt);
  race.Failed(1, "b");
  EXPECT_EQ(race.Start(kStart), 2u);
  EXPECT_FALSE(race.lost());
  race.Failed(2, "c");
  EXPECT_TRUE(race.lost());
}

// An earlier attempt that fails late changes nothing for the one that runs.
TEST(AddressRaceTest, AFailureOfAnEarlierOneDoesNot) {
  AddressRace race("", Three(), kDelay);
  EXPECT_EQ(race.Start(kStart), 0u);
  EXPECT_EQ(race.Start(kStart + kDelay), 1u);
  race.Failed(0, "a");
  EXPECT_EQ(race.Start(kStart + kDelay), std::nullopt);
}

TEST(AddressRaceTest, ErrorsNameEachAttemptWithItsReason) {
  AddressRace race("\"h\": ", Three(), kDelay);
  EXPECT_EQ(race.Error(absl::CancelledError("cancelled")),
            absl::CancelledError("cannot connect to \"h\": [::1]:80 (cancelled)"));
  race.Start(kStart);
  race.Failed(0, "Connection refused");
  race.Start(kStart);
  EXPECT_EQ(race.Error(absl::DeadlineExceededError("deadline exceeded")),
            absl::DeadlineExceededError("cannot connect to \"h\": [::1]:80 (Connection refused), "
                                        "1.1.1.1:80 (deadline exceeded)"));
}

}  // namespace
}  // namespace weft
