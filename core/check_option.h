// Checks of options, for the libraries that have some. Each error is InvalidArgument and reads like
// "limits.max_connections is 0, expected at least 1": the field as the application writes it, what
// was seen, what is expected.

#ifndef WEFT_CORE_CHECK_OPTION_H_
#define WEFT_CORE_CHECK_OPTION_H_

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace weft {

inline absl::Status WrongOption(absl::string_view field, absl::string_view seen,
                                absl::string_view expected) {
  return absl::InvalidArgumentError(absl::StrCat(field, " is ", seen, ", expected ", expected));
}

template <typename Number>
absl::Status CheckAtLeast(absl::string_view field, Number value, Number least) {
  if (value >= least) return absl::OkStatus();
  return WrongOption(field, absl::StrCat(value), absl::StrCat("at least ", least));
}

template <typename Number>
absl::Status CheckRange(absl::string_view field, Number value, Number least, Number most) {
  if (value >= least && value <= most) return absl::OkStatus();
  return WrongOption(field, absl::StrCat(value), absl::StrCat(least, " to ", most));
}

// A time that may be 0, and may be infinite.
inline absl::Status CheckNotNegative(absl::string_view field, absl::Duration value) {
  if (value >= absl::ZeroDuration()) return absl::OkStatus();
  return WrongOption(field, absl::FormatDuration(value),
                     "at least 0 (absl::InfiniteDuration() for no limit)");
}

// A time that may not be 0: that would not mean "never", but "at once".
inline absl::Status CheckMoreThanZero(absl::string_view field, absl::Duration value) {
  if (value > absl::ZeroDuration()) return absl::OkStatus();
  return WrongOption(field, absl::FormatDuration(value),
                     "more than 0 (absl::InfiniteDuration() for no limit)");
}

// An error about a field of an inner struct, named as a field of the outer one.
inline absl::Status InField(absl::string_view outer, const absl::Status& status) {
  if (status.ok()) return status;
  return absl::Status(status.code(), absl::StrCat(outer, ".", status.message()));
}

}  // namespace weft

#endif  // WEFT_CORE_CHECK_OPTION_H_
