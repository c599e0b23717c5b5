#include "weft/cluster/subscriber_report.h"

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/server/topics/position.h"

namespace weft {
namespace {

using ::testing::HasSubstr;

Epoch NodeName(absl::string_view name) { return *Epoch::Parse(name); }

// The bytes of docs/cluster_wire.md.
TEST(SubscriberReportTest, HasTheDocumentedBytes) {
  const SubscriberReport report = {.node = NodeName("k3Jq9xZ2"),
                                   .number = 0x01020304,
                                   .begins_all = true,
                                   .ends_all = true,
                                   .asked = NodeName("hgfedcba"),
                                   .counts = {{"chat", 258}}};
  const absl::string_view bytes(
      "\x01\x07k3Jq9xZ2\x01\x02\x03\x04hgfedcba\0\x04"
      "chat\0\0\x01\x02",
      32);
  EXPECT_EQ(report.ToBytes(), bytes);
  EXPECT_EQ(*SubscriberReport::Parse(bytes), report);
}

TEST(SubscriberReportTest, ReadsWhatItHasWritten) {
  for (const SubscriberReport& report :
       {SubscriberReport{.node = NodeName("00000000")},
        SubscriberReport{.node = NodeName("zzzzzzzz"), .number = UINT32_MAX, .ends_all = true},
        SubscriberReport{.node = NodeName("abcdefgh"),
        .asked = NodeName("hgfedcba"),
        .counts = {{"", 0}, {std::string("a\0b", 3), UINT32_MAX}, {"c", 1}}}}) {
    const absl::StatusOr<SubscriberReport> read = SubscriberReport::Parse(report.ToBytes());
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(*read, report);
  }
}

TEST(SubscriberReportTest, BytesThatAreCutOffAreRefused) {
  const std::string bytes = SubscriberReport{
      .node = NodeName("abcdefgh"),
      .asked = NodeName("hgfedcba"),
      .counts = {{"topic", 1}}}.ToBytes();
  for (size_t size = 0; size < bytes.size(); ++size) {
    if (size == 22) continue;  // without counts
    EXPECT_TRUE(absl::IsInvalidArgument(SubscriberReport::Parse(bytes.substr(0, size)).status()))
        << size;
  }
}

TEST(SubscriberReportTest, AnotherVersionIsNotAnError) {
  std::string bytes = SubscriberReport{.node = NodeName("abcdefgh")}.ToBytes();
  bytes[0] = 2;
  EXPECT_TRUE(absl::IsUnimplemented(SubscriberReport::Parse(bytes).status()));
  EXPECT_TRUE(absl::IsUnimplemented(SubscriberReport::Parse("\x02").status()));
  bytes[0] = 1;
  bytes[1] = 8;
  EXPECT_TRUE(absl::IsUnimplemented(SubscriberReport::Parse(bytes).status()));
}

TEST(SubscriberReportTest, ANameThatIsNoneIsNamed) {
  std::string bytes = SubscriberReport{.node = NodeName("abcdefgh")}.ToBytes();
  bytes[5] = '.';
  EXPECT_THAT(std::string(SubscriberReport::Parse(bytes).status().message()),
              HasSubstr("the name of its node"));
  bytes = SubscriberReport{.node = NodeName("abcdefgh"), .asked = NodeName("hgfedcba")}.ToBytes();
  bytes.replace(bytes.size() - 8, 8, 8, '\0');
  EXPECT_THAT(std::string(SubscriberReport::Parse(bytes).status().message()),
              HasSubstr("the name of the asked node"));
}

}  // namespace
}  // namespace weft
