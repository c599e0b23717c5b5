#include "tools/weft/format.h"

#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace weft::cli {
namespace {

TEST(FormatTest, Indented) { EXPECT_EQ(Indented("a\n\nb", 2), "a\n  \n  b"); }

TEST(FormatTest, HexDump) {
  EXPECT_EQ(HexDump("", 100), "");
  EXPECT_EQ(HexDump("0123456789abcdef\x80\n~", 100),
            "00000000  30 31 32 33 34 35 36 37  38 39 61 62 63 64 65 66  |0123456789abcdef|\n"
            "00000010  80 0a 7e                                          |..~|\n");
}

TEST(FormatTest, HexDumpOfAPart) {
  EXPECT_EQ(HexDump(std::string(40, 'x'), 16),
            "00000000  78 78 78 78 78 78 78 78  78 78 78 78 78 78 78 78  |xxxxxxxxxxxxxxxx|\n"
            "... and 24 bytes more\n");
}

TEST(FormatTest, DescribeHead) {
  EXPECT_EQ(DescribeHead("> ", "GET / HTTP/1.1\r\nHost: x\033\r\n\r\n"),
            "> GET / HTTP/1.1\n> Host: x\\x1b");
  EXPECT_EQ(DescribeHead("< ", "HTTP/1.1 403 \x9b\r\nX: \u202e\n\r\n\r\n"),
            "< HTTP/1.1 403 \\x9b\n< X: \\u202e\\x0a");
  EXPECT_EQ(DescribeHead("< ", "HTTP/1.1 101\r\n\r\n"), "< HTTP/1.1 101");
}

TEST(FormatTest, DescribeClose) {
  EXPECT_EQ(DescribeClose(CloseCode::kNormal, ""), "1000 normal closure");
  EXPECT_EQ(DescribeClose(CloseCode::kGoingAway, "re\033start"),
            "1001 going away: \"re\\x1bstart\"");
  EXPECT_EQ(DescribeClose(CloseCode::kNormal, "a\nweft: b"),
            "1000 normal closure: \"a\\x0aweft: b\"");
  EXPECT_EQ(DescribeClose(static_cast<CloseCode>(4000), "x"), "4000 application defined: \"x\"");
}

TEST(FormatTest, DescribeRoundTrip) {
  EXPECT_EQ(DescribeRoundTrip(absl::Microseconds(85)), "0.09 ms");
  EXPECT_EQ(DescribeRoundTrip(absl::Microseconds(1239)), "1.24 ms");
  EXPECT_EQ(DescribeRoundTrip(absl::Microseconds(98765)), "99 ms");
  EXPECT_EQ(DescribeRoundTrip(absl::Milliseconds(250)), "250 ms");
  EXPECT_EQ(DescribeRoundTrip(absl::Milliseconds(3120)), "3.12 s");
}

TEST(FormatTest, Style) {
  EXPECT_EQ(Style(true).Error("x"), "\033[31mx\033[0m");
  EXPECT_EQ(Style(false).Error("x"), "x");
  EXPECT_EQ(Style(false).sent(), "");
}

}  // namespace
}  // namespace weft::cli
