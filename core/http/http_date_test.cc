#include "weft/core/http/http_date.h"

#include <cstddef>
#include <cstring>
#include <ctime>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"

// Sets a C locale other than English, for the whole program.
extern "C" size_t strftime(char* out, size_t size, const char*, const std::tm*) noexcept {
  constexpr char kText[] = "dimanche";
  if (size < sizeof(kText)) return 0;
  std::memcpy(out, kText, sizeof(kText));
  return sizeof(kText) - 1;
}

namespace weft {
namespace {

absl::Time Utc(int year, int month, int day, int hour, int minute, int second) {
  return absl::FromCivil(absl::CivilSecond(year, month, day, hour, minute, second),
                         absl::UTCTimeZone());
}

const absl::Time kNow = Utc(1994, 11, 6, 8, 49, 30);

TEST(HttpDateTest, Section_5_6_7_EnglishInAnyLocale) {
  EXPECT_EQ(HttpDate(Utc(1994, 11, 6, 8, 49, 37)), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(HttpDate(Utc(1994, 11, 6, 8, 49, 37) + absl::Milliseconds(999)),
            "Sun, 06 Nov 1994 08:49:37 GMT");
}

TEST(HttpDateTest, EveryDayAndEveryMonth) {
  const absl::string_view days[] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
  for (int day = 0; day < 7; ++day) {  // the first of them is a Thursday
    EXPECT_EQ(HttpDate(Utc(1970, 1, 1 + day, 0, 0, 0)).substr(0, 3), days[day]);
  }
  const absl::string_view months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  for (int month = 0; month < 12; ++month) {
    const std::string date = HttpDate(Utc(2024, month + 1, 29, 23, 59, 59));
    EXPECT_EQ(date.substr(5), absl::StrCat("29 ", months[month], " 2024 23:59:59 GMT"));
    EXPECT_EQ(ParseHttpDate(date, kNow), Utc(2024, month + 1, 29, 23, 59, 59));
  }
}

// A file's time can be any value.
TEST(HttpDateTest, YearsHaveFourDigits) {
  EXPECT_EQ(HttpDate(Utc(33, 4, 3, 15, 0, 0)), "Sun, 03 Apr 0033 15:00:00 GMT");
  for (const absl::Time late : {Utc(10000, 1, 1, 0, 0, 0), absl::InfiniteFuture()}) {
    EXPECT_EQ(HttpDate(late), "Fri, 31 Dec 9999 23:59:59 GMT");
  }
  EXPECT_EQ(HttpDate(absl::InfinitePast()), "Sat, 01 Jan 0000 00:00:00 GMT");
}

// The three examples of RFC 9110, section 5.6.7.
TEST(ParseHttpDateTest, Section_5_6_7_ThreeForms) {
  const absl::Time date = Utc(1994, 11, 6, 8, 49, 37);
  EXPECT_EQ(ParseHttpDate("Sun, 06 Nov 1994 08:49:37 GMT", kNow), date);
  EXPECT_EQ(ParseHttpDate("Sunday, 06-Nov-94 08:49:37 GMT", kNow), date);
  EXPECT_EQ(ParseHttpDate("Sun Nov  6 08:49:37 1994", kNow), date);
}

TEST(ParseHttpDateTest, OtherDates) {
  EXPECT_EQ(ParseHttpDate("Thu, 29 Feb 2024 23:59:60 GMT", kNow), Utc(2024, 3, 1, 0, 0, 0));
  EXPECT_EQ(ParseHttpDate("Thu, 01 Jan 1970 00:00:00 GMT", kNow), absl::UnixEpoch());
  EXPECT_EQ(ParseHttpDate("Fri Dec 31 23:59:59 9999", kNow), Utc(9999, 12, 31, 23, 59, 59));
}

TEST(ParseHttpDateTest, Section_5_6_7_TwoDigitsAreNotMoreThan50YearsAhead) {
  const absl::Time now = Utc(2026, 1, 1, 0, 0, 0);
  EXPECT_EQ(ParseHttpDate("Sunday, 06-Nov-27 08:49:37 GMT", now), Utc(2027, 11, 6, 8, 49, 37));
  EXPECT_EQ(ParseHttpDate("Sunday, 06-Nov-76 08:49:37 GMT", now), Utc(2076, 11, 6, 8, 49, 37));
  EXPECT_EQ(ParseHttpDate("Sunday, 06-Nov-77 08:49:37 GMT", now), Utc(1977, 11, 6, 8, 49, 37));
}

TEST(ParseHttpDateTest, WhatIsNoDate) {
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

// However the text is cut or changed, it is either a date or rejected.
TEST(ParseHttpDateTest, EveryCutAndEveryByte) {
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
      }
    }
  }
}

}  // namespace
}  // namespace weft
