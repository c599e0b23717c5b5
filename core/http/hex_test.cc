#include "weft/core/http/hex.h"

#include <optional>
#include <string>

#include "gtest/gtest.h"

namespace weft {
namespace {

TEST(HexTest, TwoDigitsAByteInEitherCase) {
  EXPECT_EQ(HexToBytes("4aFf00"), std::string("J\xFF\0", 3));
  EXPECT_EQ(HexToBytes(""), "");
}

TEST(HexTest, RefusesWhatIsNotPairsOfDigits) {
  for (const char* wrong : {"4", "4a4", "4g", "g4", " 4", "4 ", "+4", "-4", "0x", "4a 4a"}) {
    EXPECT_EQ(HexToBytes(wrong), std::nullopt) << wrong;
  }
}

}  // namespace
}  // namespace weft
