#include "weft/client/retry_after.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/time/civil_time.h"

namespace weft {
namespace {

// Digits only, unlike SimpleAtoi.
std::optional<int> Number(absl::string_view text) {
  int number = 0;
  if (!std::all_of(text.begin(), text.end(), absl::ascii_isdigit)) return std::nullopt;
  return absl::SimpleAtoi(text, &number) ? std::optional<int>(number) : std::nullopt;
}

std::optional<int> Month(absl::string_view text) {
  constexpr absl::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  const size_t at = text.size() == 3 ? kMonths.find(text) : kMonths.npos;
  if (at == kMonths.npos || at % 3 != 0) return std::nullopt;
  return static_cast<int>(at / 3) + 1;
}

}  // namespace

std::optional<absl::Duration> ParseRetryAfter(absl::string_view value, absl::Time now) {
  if (!value.empty() && std::all_of(value.begin(), value.end(), absl::ascii_isdigit)) {
    int64_t seconds = 0;
    return absl::SimpleAtoi(value, &seconds) ? absl::Seconds(seconds) : absl::InfiniteDuration();
  }
  const std::optional<absl::Time> date = ParseHttpDate(value, now);
  if (!date.has_value()) return std::nullopt;
  return std::max(*date - now, absl::ZeroDuration());
}

// Not absl::ParseTime, for which "Nov" is a month only where the locale says so.
std::optional<absl::Time> ParseHttpDate(absl::string_view text, absl::Time now) {
  std::vector<absl::string_view> words =
      absl::StrSplit(text, absl::ByAnyChar(" ,-:"), absl::SkipEmpty());
  const bool gmt = words.size() == 8 && words.back() == "GMT";
  if (!gmt && words.size() != 7) return std::nullopt;
  if (!gmt) {  // "Sun Nov  6 08:49:37 1994": the others are "Sun, 06 Nov 1994 08:49:37 GMT" and
               // alike
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
