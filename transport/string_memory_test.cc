#include "weft/transport/string_memory.h"

#include <string>

#include "gtest/gtest.h"

namespace weft {
namespace {

TEST(StringMemoryTest, ReleaseFreesWhatTheStringHolds) {
  std::string text(100000, 'x');
  EXPECT_GT(MemoryOf(text), 100000u);
  ReleaseMemory(text);
  EXPECT_EQ(text, "");
  EXPECT_EQ(MemoryOf(text), 0u);
}

TEST(StringMemoryTest, AStringThatWasEmptiedHoldsItsMemoryStill) {
  std::string text(100000, 'x');
  text.clear();
  EXPECT_GT(MemoryOf(text), 100000u);
}

TEST(StringMemoryTest, AShortStringHoldsNone) {
  EXPECT_EQ(MemoryOf(""), 0u);
  EXPECT_EQ(MemoryOf("short"), 0u);
}

}  // namespace
}  // namespace weft
