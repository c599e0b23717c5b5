// The checks of a fuzz target.

#ifndef WEFT_CORE_TESTING_REQUIRE_H_
#define WEFT_CORE_TESTING_REQUIRE_H_

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "absl/strings/ascii.h"
#include "absl/strings/string_view.h"

namespace weft::testing {

// Ends the process unless `holds`, so that the fuzzer reports a failure.
inline void Require(bool holds, const char* property) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", property);
  std::abort();
}

// Requires that a log line, or the message of an error, is one short line of printable ASCII,
// whatever the peer sent (core/http/quote.h).
inline void RequireReadable(absl::string_view text) {
  Require(text.size() < 1500 && std::all_of(text.begin(), text.end(), absl::ascii_isprint),
          "a log line or an error is short and printable");
}

}  // namespace weft::testing

#endif  // WEFT_CORE_TESTING_REQUIRE_H_
