#include "examples/names/names.h"

#include <set>
#include <string>

#include "gtest/gtest.h"

namespace examples {
namespace {

TEST(NamesTest, AUsualNameStaysAsItIs) {
  for (const char* name : {"Ann", "O'Hara-Smith", "Jörg", "Ольга", "小明", "<b>Ann</b>", "🦊"}) {
    EXPECT_EQ(CleanName(name), name);
  }
}

TEST(NamesTest, SpacesAreSingleAndInside) {
  EXPECT_EQ(CleanName("  Ann \t\n Bee "), "Ann Bee");
  EXPECT_EQ(CleanName("Ann\u00a0\u2003\u3000Bee"), "Ann Bee");
  EXPECT_EQ(CleanName(" \n "), "");
  EXPECT_EQ(CleanName(""), "");
}

TEST(NamesTest, WhatCannotBeSeenOrReachesOtherTextIsOmitted) {
  EXPECT_EQ(CleanName(std::string("A\0n\x1b[1mn\x7f", 9)), "An[1mn");
  EXPECT_EQ(CleanName("A\u202enn\u2066\u200b\ufeff"), "Ann");  // right to left
  EXPECT_EQ(CleanName("Z\u0300\u0301\u0302a"), "Za");          // marks stacked over a letter
  EXPECT_EQ(CleanName("\U000e0041"), "");                      // a tag
  // A blank Braille pattern, a filler of half width, vowels and signs that are not drawn.
  EXPECT_EQ(CleanName("\u2800\uffa0\u3164\u17b4\u17b5\u034f\U0001bca0\U0001d173"), "");
}

TEST(NamesTest, ALongNameIsCutBetweenCodePoints) {
  EXPECT_EQ(CleanName(std::string(100, 'x')), std::string(kMaxNameBytes, 'x'));
  EXPECT_EQ(CleanName("x" + std::string(23, 'y') + "z"), "x" + std::string(23, 'y'));
  EXPECT_EQ(CleanName("xy小明小明小明小明小明"), "xy小明小明小明小");  // 2 and 7 times 3 bytes
  EXPECT_EQ(CleanName(std::string(kMaxNameBytes, 'x') + " y"), std::string(kMaxNameBytes, 'x'));
}

TEST(NamesTest, InvalidUtf8IsNoName) {
  EXPECT_EQ(CleanName("Ann\xff"), "");
  EXPECT_EQ(CleanName("\xc3"), "");
  EXPECT_EQ(CleanName("\xed\xa0\x80"), "");  // a surrogate
}

TEST(NamesTest, FriendlyNamesDifferAndAreClean) {
  std::set<std::string> names;
  for (uint32_t number = 1000; number < 1400; ++number) {
    const std::string name = FriendlyName(number);
    EXPECT_EQ(CleanName(name), name);
    EXPECT_EQ(FriendlyName(number), name);
    names.insert(name);
  }
  EXPECT_EQ(names.size(), 400);
}

}  // namespace
}  // namespace examples
