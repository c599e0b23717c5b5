#include "tools/weft/console.h"

#include <cstdio>
#include <cstdlib>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tools/weft/json_line.h"
#include "tools/weft/memory_file.h"
#include "weft/core/frame/opcode.h"
#include "weft/core/message.h"

namespace weft::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class ConsoleTest : public ::testing::Test {
 protected:
  Console Make(ConsoleOptions options) {
    options.out = out_.get();
    options.err = err_.get();
    return Console(options, nullptr);
  }

  static Message Text(absl::string_view payload) { return {Opcode::kText, payload}; }
  static Message Binary(absl::string_view payload) { return {Opcode::kBinary, payload}; }

  MemoryFile out_;
  MemoryFile err_;
};

TEST_F(ConsoleTest, InAPipeMessagesAreAsTheyAre) {
  Console console = Make({});
  EXPECT_TRUE(console.Show(Text("one\033")).ok());
  EXPECT_TRUE(console.Show(Binary(absl::string_view("\0\n", 2))).ok());
  EXPECT_TRUE(console.Show(Text("")).ok());
  EXPECT_EQ(out_.text(), absl::string_view("one\033\n\0\n\n", 8));
  EXPECT_EQ(err_.text(), "");
}

TEST_F(ConsoleTest, BinaryMeansNothingButBytes) {
  Console console = Make({.binary = true});
  EXPECT_TRUE(console.Show(Text("one")).ok());
  EXPECT_TRUE(console.Show(Binary("two")).ok());
  EXPECT_EQ(out_.text(), "onetwo");
}

TEST_F(ConsoleTest, ATerminalIsShownNoControls) {
  Console console = Make({.out_is_terminal = true, .binary = true});
  EXPECT_TRUE(console.Show(Text("on\033e\ntwo")).ok());
  EXPECT_EQ(out_.text(), "on\\x1be\ntwo\n");
}

TEST_F(ConsoleTest, ATerminalIsShownADumpOfBytes) {
  Console console = Make({.out_is_terminal = true});
  EXPECT_TRUE(console.Show(Binary("a")).ok());
  EXPECT_TRUE(console.Show(Binary("")).ok());
  EXPECT_THAT(out_.text(), StartsWith("binary, 1 byte\n00000000  61 "));
  EXPECT_THAT(out_.text(), HasSubstr("|a|\nbinary, 0 bytes\n"));
}

TEST_F(ConsoleTest, NotesAreForATerminalThatIsNotQuiet) {
  Make({.out_is_terminal = true}).Note("in a pipe");
  Make({.err_is_terminal = true, .quiet = true}).Note("quiet");
  EXPECT_EQ(err_.text(), "");
  Make({.err_is_terminal = true}).Note("good to know");
  EXPECT_EQ(err_.text(), "good to know\n");
}

TEST_F(ConsoleTest, ErrorsAreAlwaysTold) {
  Make({.quiet = true}).Complain("it failed");
  Make({.quiet = true}).Tell("asked for");
  EXPECT_EQ(err_.text(), "weft: it failed\nasked for\n");
  EXPECT_EQ(out_.text(), "");
}

TEST_F(ConsoleTest, ColoursAreForATerminal) {
  Make({.err_is_terminal = true, .colors = true}).Complain("red");
  EXPECT_EQ(err_.text(), "\033[31mweft:\033[0m red\n");
  Make({.out_is_terminal = true, .colors = true}).Complain("not");
  EXPECT_THAT(err_.text(), HasSubstr("\nweft: not\n"));
}

TEST_F(ConsoleTest, SaysThatItCannotWrite) {
  FILE* full = std::fopen("/dev/full", "w");
  ASSERT_NE(full, nullptr);
  EXPECT_THAT(std::string(Console({.out = full}, nullptr).Show(Text("x")).message()),
              HasSubstr("No space left"));
  std::fclose(full);
}

TEST_F(ConsoleTest, Detect) {
  setenv("TERM", "xterm", 1);
  unsetenv("NO_COLOR");
  EXPECT_TRUE(ConsoleOptions::Detect().colors);
  setenv("NO_COLOR", "", 1);
  EXPECT_TRUE(ConsoleOptions::Detect().colors);
  setenv("NO_COLOR", "1", 1);
  EXPECT_FALSE(ConsoleOptions::Detect().colors);
  unsetenv("NO_COLOR");
  setenv("TERM", "dumb", 1);
  EXPECT_FALSE(ConsoleOptions::Detect().colors);
  unsetenv("TERM");
  EXPECT_FALSE(ConsoleOptions::Detect().colors);
}

// ---- JSON ----

TEST(JsonLineTest, Members) {
  const absl::Time time = absl::FromUnixMillis(1700000000204);
  EXPECT_EQ(JsonLine("close", time).Add("code", 1000).Add("clean", true).Add("ms", 0.5).text(),
            "{\"time\":\"2023-11-14T22:13:20.204Z\",\"event\":\"close\",\"code\":1000,"
            "\"clean\":true,\"ms\":0.500}");
}

TEST(JsonLineTest, TextIsEscaped) {
  const auto text = [](absl::string_view value) {
    const std::string line = JsonLine("x", absl::UnixEpoch()).Add("v", value).text();
    return line.substr(line.find("\"v\":") + 4);
  };
  EXPECT_EQ(text("a\"b\\c\n"), "\"a\\\"b\\\\c\\n\"}");
  EXPECT_EQ(text("\x1f\x7f"), "\"\\u001f\\u007f\"}");
  EXPECT_EQ(text("Schuß €\U0001F600"), "\"Schuß €\U0001F600\"}");
  // C1, which a terminal executes, and a mark that changes the direction of text
  EXPECT_EQ(text("a\u009b2Jb\u202ec\u061c"), "\"a\\u009b2Jb\\u202ec\\u061c\"}");
  EXPECT_EQ(text("\xff"), "\"\\\\xff\"}");
}

}  // namespace
}  // namespace weft::cli
