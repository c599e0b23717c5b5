#include "tools/weft/command_line.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace weft::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class CommandLineTest : public ::testing::Test {
 protected:
  // The other arguments, or the error.
  std::vector<std::string> Parse(std::vector<absl::string_view> words) {
    absl::StatusOr<std::vector<std::string>> others = ParseFlags(words, flags_);
    if (!others.ok()) return {std::string(others.status().message())};
    return *std::move(others);
  }

  std::function<absl::Status(absl::string_view)> Note(std::string name) {
    return [this, name = std::move(name)](absl::string_view value) {
      if (value == "bad") return absl::InvalidArgumentError("that is bad");
      set_.push_back(absl::StrCat(name, "=", value));
      return absl::OkStatus();
    };
  }

  std::vector<std::string> set_;
  const std::vector<Flag> flags_ = {
      {.name = "header",
       .letter = 'H',
       .value = "NAME: VALUE",
       .help = "one more header",
       .set = Note("header")},
      {.help = "More:"},
      {.name = "a-flag-with-a-long-name",
       .value = "DURATION",
       .help = "first\nsecond",
       .set = Note("long")},
      {.name = "quiet", .letter = 'q', .help = "say less", .set = Note("quiet")},
      {.name = "binary", .letter = 'b', .help = "bytes", .set = Note("binary")},
  };
};

TEST_F(CommandLineTest, NamesWithValues) {
  EXPECT_THAT(Parse({"--header=A: b", "--header", "C: d=e", "--header="}), IsEmpty());
  EXPECT_THAT(set_, ElementsAre("header=A: b", "header=C: d=e", "header="));
}

TEST_F(CommandLineTest, LettersWithValues) {
  EXPECT_THAT(Parse({"-HA: b", "-H", "-C: d"}), IsEmpty());
  EXPECT_THAT(set_, ElementsAre("header=A: b", "header=-C: d"));
}

TEST_F(CommandLineTest, LettersTogether) {
  EXPECT_THAT(Parse({"-qb", "-bHA: b", "--quiet"}), IsEmpty());
  EXPECT_THAT(set_, ElementsAre("quiet=", "binary=", "binary=", "header=A: b", "quiet="));
}

TEST_F(CommandLineTest, OtherWordsStandAnywhere) {
  EXPECT_THAT(Parse({"one", "-q", "-", "", "two"}), ElementsAre("one", "-", "", "two"));
  EXPECT_THAT(set_, ElementsAre("quiet="));
}

TEST_F(CommandLineTest, NothingIsAFlagBehindTwoDashes) {
  EXPECT_THAT(Parse({"one", "--", "-q", "--", "--x"}), ElementsAre("one", "-q", "--", "--x"));
  EXPECT_THAT(set_, IsEmpty());
}

TEST_F(CommandLineTest, ErrorsNameTheFlag) {
  EXPECT_THAT(Parse({"--hedaer=x"}), ElementsAre("unknown flag --hedaer"));
  EXPECT_THAT(Parse({"--=x"}), ElementsAre("unknown flag --"));
  EXPECT_THAT(Parse({"--head=x"}), ElementsAre("unknown flag --head"));
  EXPECT_THAT(Parse({"-qx"}), ElementsAre("unknown flag -x"));
  EXPECT_THAT(Parse({"--header"}), ElementsAre("--header requires a value: NAME: VALUE"));
  EXPECT_THAT(Parse({"-qH"}), ElementsAre("-H requires a value: NAME: VALUE"));
  EXPECT_THAT(Parse({"--quiet=yes"}), ElementsAre("--quiet takes no value"));
  EXPECT_THAT(Parse({"--header=bad"}), ElementsAre("--header: that is bad"));
}

TEST_F(CommandLineTest, HelpHasTwoColumns) {
  EXPECT_EQ(FlagsHelp(flags_),
            "  -H, --header=NAME: VALUE  one more header\n"
            "\nMore:\n"
            "      --a-flag-with-a-long-name=DURATION\n"
            "                            first\n"
            "                            second\n"
            "  -q, --quiet               say less\n"
            "  -b, --binary              bytes\n");
}

}  // namespace
}  // namespace weft::cli
