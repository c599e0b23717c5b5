#include "weft/client/retry_after.h"

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

// The three examples of RFC 9110, section 5.6.7.
TEST(HttpDateTest, Section_5_6_7_ThreeForms) {
  const absl::Time date = Utc(1994, 11, 6, 8, 49, 37);
  EXPECT_EQ(ParseHttpDate("Sun, 06 Nov 1994 08:49:37 GMT", kNow), date);
  EXPECT_EQ(ParseHttpDate("Sunday, 06-Nov-94 08:49:37 GMT", kNow), date);
  EXPECT_EQ(ParseHttpDate("Sun Nov  6 08:49:37 1994", kNow), date);
}

TEST(HttpDateTest, OtherDates) {
  EXPECT_EQ(ParseHttpDate("Thu, 29 Feb 2024 23:59:60 GMT", kNow), Utc(2024, 3, 1, 0, 0, 0));
  EXPECT_EQ(ParseHttpDate("Thu, 01 Jan 1970 00:00:00 GMT", kNow), absl::UnixEpoch());
  EXPECT_EQ(ParseHttpDate("Fri Dec 31 23:59:59 9999", kNow), Utc(9999, 12, 31, 23, 59, 59));
}

TEST(HttpDateTest, Section_5_6_7_TwoDigitsAreNotMoreThan50YearsAhead) {
  const absl::Time now = Utc(2026, 1, 1, 0, 0, 0);
  EXPECT_EQ(ParseHttpDate("Sunday, 06-Nov-27 08:49:37 GMT", now), Utc(2027, 11, 6, 8, 49, 37));
  EXPECT_EQ(ParseHttpDate("Sunday, 06-Nov-76 08:49:37 GMT", now), Utc(2076, 11, 6, 8, 49, 37));
  EXPECT_EQ(ParseHttpDate("Sunday, 06-Nov-77 08:49:37 GMT", now), Utc(1977, 11, 6, 8, 49, 37));
}

TEST(HttpDateTest, WhatIsNoDate) {
  for (const absl::string_view text : {
           "",
           "soon",
           "-1",
           "12:30",
           "Sun, 06 Nov 1994 08:49:37",
           "Sun, 06 Nov 1994 08:49:37 PST",
           "Sun, 06 nov 1994 08:49:37 GMT",
           "Sun, 06 ovD 1994 08:49:37 GMT",
           "Sun, 31 Feb 1994 08:49:37 GMT",
           "Sun, 00 Nov 1994 08:49:37 GMT",
           "Sun, 06 Nov 1994 24:00:00 GMT",
           "Sun, 06 Nov 1994 08:60:00 GMT",
           "Sun, 06 Nov 1994 08:49:61 GMT",
           "Sun, 06 Nov 994 08:49:37 GMT",
           "Sun, 06 Nov 19940 08:49:37 GMT",
           "Sun, +6 Nov 1994 08:49:37 GMT",
           "Sun, 06 Nov 1994 08:49:99999999999 GMT",
           "Sun Nov  6 08:49:37 1994 GMT",
       }) {
    EXPECT_EQ(ParseHttpDate(text, kNow), std::nullopt) << text;
  }
}

// However it is cut or bent, it is a date or none.
TEST(HttpDateTest, EveryCutAndEveryByte) {
  for (const absl::string_view text :
       {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994"}) {
    for (size_t size = 0; size + 2 < text.size(); ++size) {
      EXPECT_EQ(ParseHttpDate(text.substr(0, size), kNow), std::nullopt) << size;
    }
    for (size_t at = 0; at < text.size(); ++at) {
      for (int byte = 0; byte < 256; ++byte) {
        std::string bent(text);
        bent[at] = static_cast<char>(byte);
        ParseHttpDate(bent, kNow);
        ParseRetryAfter(bent, kNow);
      }
    }
  }
}

TEST(RetryAfterTest, Seconds) {
  EXPECT_EQ(ParseRetryAfter("120", kNow), absl::Seconds(120));
  EXPECT_EQ(ParseRetryAfter("0", kNow), absl::ZeroDuration());
  EXPECT_EQ(ParseRetryAfter("99999999999999999999999", kNow), absl::InfiniteDuration());
}

TEST(RetryAfterTest, ADate) {
  EXPECT_EQ(ParseRetryAfter("Sun, 06 Nov 1994 08:49:37 GMT", kNow), absl::Seconds(7));
  EXPECT_EQ(ParseRetryAfter("Sun, 06 Nov 1994 08:49:29 GMT", kNow), absl::ZeroDuration());
}

TEST(RetryAfterTest, AnythingElse) {
  for (const absl::string_view text : {"", " ", "-1", "+1", "1.5", "1 s", "soon"}) {
    EXPECT_EQ(ParseRetryAfter(text, kNow), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace weft
