// Frames, decoded slowly and obviously, to hold Connection against.

#ifndef WEFT_CORE_TESTING_REFERENCE_DECODER_H_
#define WEFT_CORE_TESTING_REFERENCE_DECODER_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace weft::testing {

// What the peer of a stream may have agreed to.
struct ReferenceDeflate {
  int window_bits = 15;
  bool takeover = true;
};

// The events of a whole stream of frames, of either end, as Describe writes those of a Connection:
// "text Hello", "ping x", "close 1000 bye". It is for frames that obey the rules, which it does not
// check; of those that make no sense to it "invalid" is the last event. It copies everything, knows
// no limits, and shares no code with what it is compared with.
std::vector<std::string> ReferenceEvents(absl::string_view bytes,
                                         const std::optional<ReferenceDeflate>& deflate);

}  // namespace weft::testing

#endif  // WEFT_CORE_TESTING_REFERENCE_DECODER_H_
