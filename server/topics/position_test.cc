#include "weft/server/topics/position.h"

#include <string>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"

namespace weft {
namespace {

TEST(PositionTest, HasATextForm) {
  for (const absl::string_view text :
       {"k3Jq9xZ2.1042", "a.0", "0.1", "ABCDEFGH.9007199254740991"}) {
    const absl::StatusOr<Position> position = Position::Parse(text);
    ASSERT_TRUE(position.ok()) << position.status();
    EXPECT_EQ(position->ToString(), text);
    EXPECT_TRUE(position->is_set());
  }
  EXPECT_EQ(Position::Parse("k3Jq9xZ2.1042")->offset, 1042u);
  EXPECT_EQ(Position::Parse("k3Jq9xZ2.1042")->epoch.text(), "k3Jq9xZ2");
}

TEST(PositionTest, TheDefaultIsNone) {
  EXPECT_FALSE(Position().is_set());
  EXPECT_EQ(Position().ToString(), "");
  EXPECT_EQ(Position().epoch.text(), "");
}

TEST(PositionTest, RefusesWhatToStringDoesNotReturn) {
  const std::string long_text(100000, 'a');
  for (const absl::string_view text : {"",
                                       ".",
                                       "a",
                                       ".1",
                                       "a.",
                                       "abcdefghi.1",
                                       "a-b.1",
                                       "a b.1",
                                       "\xc3\xa4.1",
                                       "a.-1",
                                       "a.+1",
                                       "a. 1",
                                       "a.1 ",
                                       "a.01",
                                       "a.00",
                                       "a.1.2",
                                       "a.0x1",
                                       "a.9007199254740992",
                                       "a.18446744073709551617",
                                       "a.1e3",
                                       long_text.c_str()}) {
    const absl::StatusOr<Position> position = Position::Parse(text);
    EXPECT_EQ(position.status().code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_LT(position.status().message().size(), 300u);
  }
  EXPECT_FALSE(Position::Parse(absl::string_view("a\0.1", 4)).ok());
}

TEST(PositionTest, TheErrorNamesTheWrongPart) {
  EXPECT_TRUE(absl::StrContains(Position::Parse("a!.1").status().message(),
                                "letters and digits, not \"a!\""));
  EXPECT_TRUE(absl::StrContains(Position::Parse("a.x").status().message(),
                                "decimal number up to 2^53 - 1"));
  EXPECT_TRUE(absl::StrContains(Position::Parse("a").status().message(), "k3Jq9xZ2.1042"));
}

TEST(PositionTest, EqualIfEpochAndOffsetAre) {
  absl::flat_hash_set<Position> positions;
  for (const absl::string_view text : {"a.1", "a.2", "b.1", "aa.1", "a.1"}) {
    positions.insert(*Position::Parse(text));
  }
  EXPECT_EQ(positions.size(), 4u);
}

TEST(EpochTest, ANumberIsEightCharacters) {
  EXPECT_EQ(Epoch::FromNumber(0).text(), "00000000");
  EXPECT_EQ(Epoch::FromNumber(61).text(), "0000000z");
  EXPECT_EQ(Epoch::FromNumber(62).text(), "00000010");
  EXPECT_EQ(Epoch::FromNumber(~uint64_t{0}).text().size(), 8u);
  EXPECT_EQ(*Epoch::Parse(Epoch::FromNumber(1234567).text()), Epoch::FromNumber(1234567));
}

}  // namespace
}  // namespace weft
