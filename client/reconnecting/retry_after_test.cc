#include "weft/client/reconnecting/retry_after.h"

#include <cstddef>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace weft {
namespace {

absl::Time Utc(int year, int month, int day, int hour, int minute, int second) {
  return absl::FromCivil(absl::CivilSecond(year, month, day, hour, minute, second),
                         absl::UTCTimeZone());
}

const absl::Time kNow = Utc(1994, 11, 6, 8, 49, 30);

TEST(RetryAfterTest, Seconds) {
  EXPECT_EQ(ParseRetryAfter("120", kNow), absl::Seconds(120));
  EXPECT_EQ(ParseRetryAfter("0", kNow), absl::ZeroDuration());
  EXPECT_EQ(ParseRetryAfter("99999999999999999999999", kNow), absl::InfiniteDuration());
}

TEST(RetryAfterTest, ADate) {
  EXPECT_EQ(ParseRetryAfter("Sun, 06 Nov 1994 08:49:37 GMT", kNow), absl::Seconds(7));
  EXPECT_EQ(ParseRetryAfter("Sun, 06 Nov 1994 08:49:29 GMT", kNow), absl::ZeroDuration());
}

// With any value of one byte.
TEST(RetryAfterTest, EveryByteOfADate) {
  const std::string text = "Sun, 06 Nov 1994 08:49:37 GMT";
  for (size_t at = 0; at < text.size(); ++at) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string bent = text;
      bent[at] = static_cast<char>(byte);
      ParseRetryAfter(bent, kNow);
    }
  }
}

TEST(RetryAfterTest, AnythingElse) {
  for (const absl::string_view text : {"", " ", "-1", "+1", "1.5", "1 s", "soon"}) {
    EXPECT_EQ(ParseRetryAfter(text, kNow), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace weft
