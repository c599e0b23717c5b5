#include "weft/core/http/http_date.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/civil_time.h"
#include "weft/core/http/decimal.h"

namespace weft {
namespace {

// absl::FormatTime and absl::ParseTime are not used: they take the names of days and months from
// the locale.
constexpr absl::string_view kDays = "MonTueWedThuFriSatSun";
constexpr absl::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";

std::optional<int> Number(absl::string_view text) {
  const std::optional<uint64_t> number = ParseDecimal(text, std::numeric_limits<int>::max());
  return number.has_value() ? std::optional<int>(*number) : std::nullopt;
}

std::optional<int> Month(absl::string_view text) {
  const size_t at = text.size() == 3 ? kMonths.find(text) : kMonths.npos;
  if (at == kMonths.npos || at % 3 != 0) return std::nullopt;
  return static_cast<int>(at / 3) + 1;
}

}  // namespace

std::string HttpDate(absl::Time time) {
  const absl::CivilSecond at =
      std::clamp(absl::ToCivilSecond(time, absl::UTCTimeZone()), absl::CivilSecond(0, 1, 1),
                 absl::CivilSecond(9999, 12, 31, 23, 59, 59));
  const auto two = [](int number) { return absl::Dec(number, absl::kZeroPad2); };
  const absl::string_view day = kDays.substr(3 * static_cast<size_t>(absl::GetWeekday(at)), 3);
  const absl::string_view month = kMonths.substr(3 * (at.month() - 1), 3);
  return absl::StrCat(day, ", ", two(at.day()), " ", month, " ",
                      absl::Dec(at.year(), absl::kZeroPad4), " ", two(at.hour()), ":",
                      two(at.minute()), ":", two(at.second()), " GMT");
}

std::optional<absl::Time> ParseHttpDate(absl::string_view text, absl::Time now) {
  std::vector<absl::string_view> words =
      absl::StrSplit(text, absl::ByAnyChar(" ,-:"), absl::SkipEmpty());
  const bool gmt = words.size() == 8 && words.back() == "GMT";
  if (!gmt && words.size() != 7) return std::nullopt;
  // "Sun Nov  6 08:49:37 1994"; the other forms are like "Sun, 06 Nov 1994 08:49:37 GMT"
  if (!gmt) {
    std::swap(words[1], words[2]);
    std::rotate(words.begin() + 3, words.end() - 1, words.end());
  }
  const std::optional<int> day = Number(words[1]), month = Month(words[2]), year = Number(words[3]),
                           hour = Number(words[4]), minute = Number(words[5]),
                           second = Number(words[6]);
  if (!day || !month || !year || !hour || !minute || !second) return std::nullopt;
  int full_year = *year;
  if (words[3].size() == 2) {  // "Sunday, 06-Nov-94 08:49:37 GMT"
    const int latest = static_cast<int>(absl::ToCivilYear(now, absl::UTCTimeZone()).year()) + 50;
    full_year += latest / 100 * 100;
    if (full_year > latest) full_year -= 100;
  } else if (words[3].size() != 4) {
    return std::nullopt;
  }
  const absl::CivilDay date(full_year, *month, *day);
  // 60 is a leap second.
  if (date.day() != *day || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  return absl::FromCivil(absl::CivilSecond(date), absl::UTCTimeZone()) + absl::Hours(*hour) +
         absl::Minutes(*minute) + absl::Seconds(*second);
}

}  // namespace weft
