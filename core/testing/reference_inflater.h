// A slow and obvious decoder of DEFLATE, for comparison with Inflater.

#ifndef WEFT_CORE_TESTING_REFERENCE_INFLATER_H_
#define WEFT_CORE_TESTING_REFERENCE_INFLATER_H_

#include <cstddef>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace weft::testing {

// Inflates successive messages, bit by bit as RFC 1951 describes it, and remembers everything.
// Shares no code with zlib.
class ReferenceInflater {
 public:
  // Messages refer back at most 2^window_bits bytes; without takeover, not to earlier messages.
  ReferenceInflater(int window_bits, bool takeover)
      : window_(size_t{1} << window_bits), takeover_(takeover) {}

  // The inflated `message`, which is in the form of RFC 7692. None if it is not DEFLATE, refers too
  // far back, or does not end where it should.
  std::optional<std::string> Inflate(absl::string_view message);

 private:
  const size_t window_;
  const bool takeover_;
  std::string history_;
};

}  // namespace weft::testing

#endif  // WEFT_CORE_TESTING_REFERENCE_INFLATER_H_
