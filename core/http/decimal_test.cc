#include "weft/core/http/decimal.h"

#include <cstdint>
#include <limits>
#include <optional>

#include "gtest/gtest.h"

namespace weft {
namespace {

constexpr uint64_t kLargest = std::numeric_limits<uint64_t>::max();

TEST(DecimalTest, DigitsOnly) {
  EXPECT_EQ(ParseDecimal("0", kLargest), 0u);
  EXPECT_EQ(ParseDecimal("42", kLargest), 42u);
  EXPECT_EQ(ParseDecimal("007", kLargest), 7u);
  for (const char* const text :
       {"", " ", "+1", "-1", "-0", " 1", "1 ", "1\n", "1.0", "0x1", "1e3", "a", "\xD9\xA1"}) {
    EXPECT_EQ(ParseDecimal(text, kLargest), std::nullopt) << text;
  }
}

TEST(DecimalTest, UpToTheMaximum) {
  EXPECT_EQ(ParseDecimal("65535", 65535), 65535u);
  EXPECT_EQ(ParseDecimal("65536", 65535), std::nullopt);
  EXPECT_EQ(ParseDecimal("0", 0), 0u);
  EXPECT_EQ(ParseDecimal("18446744073709551615", kLargest), kLargest);
  EXPECT_EQ(ParseDecimal("18446744073709551616", kLargest), std::nullopt);
  EXPECT_EQ(ParseDecimal("100000000000000000000000", kLargest), std::nullopt);
}

}  // namespace
}  // namespace weft
