// The values of flags.

#ifndef TOOLS_WEFT_FLAG_VALUES_H_
#define TOOLS_WEFT_FLAG_VALUES_H_

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace weft::cli {

using Setter = std::function<absl::Status(absl::string_view value)>;

Setter SetTrue(bool* field);
Setter SetText(std::string* field);

// A number above 0.
template <typename Number>
Setter SetNumber(Number* field) {
  return [field](absl::string_view value) {
    if (absl::SimpleAtoi(value, field) && *field > 0) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrCat("\"", value, "\" is not a number above 0"));
  };
}

// "5s", "200ms", "inf", and "5", which means seconds; not negative.
Setter SetDuration(absl::Duration* field);
Setter SetPositiveDuration(absl::Duration* field);

// A secret that a flag names instead of containing it, because other users see the arguments of a
// process: "@FILE" is the content of a file without the newline at its end, "env:NAME" an
// environment variable. Other text is itself the secret. Errors do not quote it.
absl::StatusOr<std::string> ReadSecret(absl::string_view text);

}  // namespace weft::cli

#endif  // TOOLS_WEFT_FLAG_VALUES_H_
