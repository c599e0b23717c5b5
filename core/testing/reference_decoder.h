// A slow and obvious decoder of frames, for comparison with Connection.

#ifndef WEFT_CORE_TESTING_REFERENCE_DECODER_H_
#define WEFT_CORE_TESTING_REFERENCE_DECODER_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace weft::testing {

// The options that the peer of a stream may have negotiated.
struct ReferenceDeflate {
  int window_bits = 15;
  bool takeover = true;
};

// The events of a whole stream of frames, from either end, as Describe writes those of a
// Connection: "text Hello", "ping x", "close 1000 bye". The frames must obey the rules, which it
// does not check; if it cannot decode them, "invalid" is the last event. It copies everything, has
// no limits, and shares no code with Connection.
std::vector<std::string> ReferenceEvents(absl::string_view bytes,
                                         const std::optional<ReferenceDeflate>& deflate);

}  // namespace weft::testing

#endif  // WEFT_CORE_TESTING_REFERENCE_DECODER_H_
