// DEFLATE, decoded slowly and obviously, to hold the Inflater against.

#ifndef WEFT_CORE_TESTING_REFERENCE_INFLATER_H_
#define WEFT_CORE_TESTING_REFERENCE_INFLATER_H_

#include <cstddef>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace weft::testing {

// Inflates one message after the other, bit by bit as RFC 1951 describes it, and remembers
// everything. Shares nothing with zlib.
class ReferenceInflater {
 public:
  // Messages refer to the last 2^window_bits bytes at the most; without takeover to none of those
  // before them.
  ReferenceInflater(int window_bits, bool takeover)
      : window_(size_t{1} << window_bits), takeover_(takeover) {}

  // What `message`, as RFC 7692 carries it, inflates to. None: it is not DEFLATE, refers to what is
  // out of reach, or does not end where it should.
  std::optional<std::string> Inflate(absl::string_view message);

 private:
  const size_t window_;
  const bool takeover_;
  std::string history_;
};

}  // namespace weft::testing

#endif  // WEFT_CORE_TESTING_REFERENCE_INFLATER_H_
