#include "examples/inspect/recording.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace examples {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using weft::Role;

const absl::Time kStart = absl::FromUnixSeconds(1'700'000'000);

TEST(RecordingTest, PacketsAreInTheOrderOfTime) {
  Recording recording;
  recording.Open(1, kStart, "first");
  recording.Open(2, kStart, "second");
  recording.Add(2, Role::kClient, kStart + absl::Seconds(1), "early");
  recording.Add(1, Role::kServer, kStart + absl::Seconds(2), "late");
  recording.End(1, Role::kServer, kStart + absl::Seconds(3));
  recording.Add(3, Role::kClient, kStart, "unknown");
  const std::string file = recording.Pcapng();
  EXPECT_THAT(file, AllOf(HasSubstr("first"), HasSubstr("second"), Not(HasSubstr("unknown"))));
  EXPECT_LT(file.find("early"), file.find("late"));
}

TEST(RecordingTest, KeepsTheFirstBytesOfAConnection) {
  Recording recording;
  recording.Open(1, kStart, "");
  recording.Add(1, Role::kClient, kStart, "the handshake");
  recording.Add(1, Role::kServer, kStart, std::string(Recording::kMaxConnectionBytes, 'x'));
  recording.Add(1, Role::kServer, kStart, "no longer");
  const std::string file = recording.Pcapng();
  EXPECT_THAT(file, AllOf(HasSubstr("the handshake"), Not(HasSubstr("no longer")),
                          HasSubstr("further bytes of this connection are not recorded")));
}

// The other fields of each event count, too.
TEST(RecordingTest, SaysWhereManySmallFramesAreCut) {
  Recording recording;
  recording.Open(1, kStart, "");
  for (size_t i = 0; i < Recording::kMaxConnectionBytes / 32; ++i) {
    recording.Add(1, Role::kClient, kStart, "x");
  }
  recording.Add(1, Role::kServer, kStart, "no longer");
  EXPECT_THAT(recording.Pcapng(),
              AllOf(Not(HasSubstr("no longer")),
                    HasSubstr("further bytes of this connection are not recorded")));
}

TEST(RecordingTest, AClockThatIsSetBackDoesNotChangeTheOrder) {
  Recording recording;
  recording.Open(1, kStart, "opened");
  recording.Add(1, Role::kClient, kStart - absl::Hours(1), "question");
  recording.Add(1, Role::kServer, kStart - absl::Hours(2), "answer");
  const std::string file = recording.Pcapng();
  EXPECT_LT(file.find("opened"), file.find("question"));
  EXPECT_LT(file.find("question"), file.find("answer"));
}

TEST(RecordingTest, OfTooManyConnectionsTheOldestAreDropped) {
  Recording recording;
  for (int i = 1; i <= 8; ++i) {
    recording.Open(i, kStart, "connection " + std::to_string(i));
    recording.Add(i, Role::kClient, kStart, std::string(3 << 20, 'x'));
  }
  recording.Add(1, Role::kClient, kStart, "still open");
  const std::string file = recording.Pcapng();
  EXPECT_THAT(file, AllOf(Not(HasSubstr("connection 3")), HasSubstr("connection 4"),
                          HasSubstr("connection 8"), Not(HasSubstr("still open"))));
  EXPECT_LT(file.size(), Recording::kMaxBytes + (1 << 20));
}

}  // namespace
}  // namespace examples
