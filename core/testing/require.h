// What a fuzz target says when a property does not hold.

#ifndef WEFT_CORE_TESTING_REQUIRE_H_
#define WEFT_CORE_TESTING_REQUIRE_H_

#include <cstdio>
#include <cstdlib>

namespace weft::testing {

// Ends the process, which is how a fuzzer learns that it found something, unless `holds`.
inline void Require(bool holds, const char* property) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", property);
  std::abort();
}

}  // namespace weft::testing

#endif  // WEFT_CORE_TESTING_REQUIRE_H_
