#include "weft/core/http/quote.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"

namespace weft {
namespace {

// Every string of one byte, and of two bytes.
template <typename Check>
void ForEachShortString(const Check& check) {
  for (int first = 0; first < 256; ++first) {
    check(std::string(1, static_cast<char>(first)));
    for (int second = 0; second < 256; ++second) {
      check(std::string{static_cast<char>(first), static_cast<char>(second)});
    }
  }
}

TEST(QuoteTest, PrintableAsciiStaysAsItIs) {
  EXPECT_EQ(Quote(""), "\"\"");
  EXPECT_EQ(Quote("GET / HTTP/1.1"), "\"GET / HTTP/1.1\"");
}

TEST(QuoteTest, EverythingElseIsEscaped) {
  EXPECT_EQ(Quote("a\"b\\c\n\x1b[2J\x9b Schu\xc3\x9f"),
            "\"a\\\"b\\\\c\\n\\x1b[2J\\x9b Schu\\xc3\\x9f\"");
  ForEachShortString([](absl::string_view text) {
    for (const char c : Quote(text)) EXPECT_TRUE(c >= ' ' && c <= '~') << Quote(text);
  });
}

TEST(QuoteTest, ShowsTheFirst64BytesAndSaysThatThereAreMore) {
  const std::string whole(64, 'x');
  EXPECT_EQ(Quote(whole), absl::StrCat("\"", whole, "\""));
  EXPECT_EQ(Quote(absl::StrCat(whole, "y")), absl::StrCat("\"", whole, "...\""));
}

TEST(EscapeTest, ReadableTextStaysAsItIs) {
  for (const absl::string_view text :
       {"", "plain \"text\" \\ of ASCII~", "Schuß, 織物 🧵", "שלום", "\u00a0", "\U0010ffff"}) {
    EXPECT_EQ(Escape(text), text);
  }
}

TEST(EscapeTest, ControlsOfAsciiAreEscaped) {
  EXPECT_EQ(Escape("\x1b]0;owned\a\r\n"), "\\x1b]0;owned\\x07\\x0d\\x0a");
  EXPECT_EQ(Escape(absl::string_view("\0\x7f", 2)), "\\x00\\x7f");
}

TEST(EscapeTest, ControlsMayBeKept) { EXPECT_EQ(Escape("a\n\tb\r", "\n\t"), "a\n\tb\\x0d"); }

// A terminal may read 0x9B, also as U+009B, as ESC [.
TEST(EscapeTest, ControlsAbove127AreEscapedAsBytesAndAsCodePoints) {
  EXPECT_EQ(Escape("\x9b"
                   "31m"),
            "\\x9b31m");
  EXPECT_EQ(Escape("\u009b31m \u0080\u009f\u00a0"), "\\x9b31m \\x80\\x9f\u00a0");
}

TEST(EscapeTest, MarksOfDirectionAreEscaped) {
  EXPECT_EQ(Escape("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"),
            "\\u061c\\u200e\\u200f\\u202a\\u202b\\u202c\\u202d\\u202e\\u2066\\u2067\\u2068\\u2069");
  EXPECT_EQ(Escape("\u200d \u2029 \u206a"), "\u200d \u2029 \u206a");  // adjacent code points
}

TEST(EscapeTest, BytesThatAreNotUtf8AreEscaped) {
  EXPECT_EQ(Escape("\xff\xc3(\xc3\x9f"), "\\xff\\xc3(\xc3\x9f");
  EXPECT_EQ(Escape("\xed\xa0\x80"), "\\xed\\xa0\\x80");           // a surrogate
  EXPECT_EQ(Escape("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");  // past U+10FFFF
  EXPECT_EQ(Escape("\xc0\x9b"), "\\xc0\\x9b");                    // U+001B, overlong
  EXPECT_EQ(Escape("\xe0\x82\x9b"), "\\xe0\\x82\\x9b");           // U+009B, overlong
  EXPECT_EQ(Escape("\xf0\x80\x82\x9b"), "\\xf0\\x80\\x82\\x9b");  // the same in four bytes
  EXPECT_EQ(Escape("cut \xe7\xb9"), "cut \\xe7\\xb9");
}

TEST(EscapeTest, NoShortStringHasWhatATerminalObeys) {
  ForEachShortString([](absl::string_view text) {
    const std::string escaped = Escape(text);
    EXPECT_EQ(Escape(escaped), escaped);  // so nothing is left to escape
    for (const unsigned char c : escaped) EXPECT_TRUE(c >= ' ' && c != 0x7F) << escaped;
  });
}

}  // namespace
}  // namespace weft
