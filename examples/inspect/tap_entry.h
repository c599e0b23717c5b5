// An event of the tap.

#ifndef WEFT_EXAMPLES_INSPECT_TAP_ENTRY_H_
#define WEFT_EXAMPLES_INSPECT_TAP_ENTRY_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "examples/inspect/frame_reader.h"
#include "examples/inspect/handshake.h"
#include "nlohmann/json.hpp"
#include "weft/core/frame/frame_rules.h"

namespace examples {

struct TapEntry {
  enum class Kind : uint8_t {
    kNote,   // a note of the tap itself: connected, the stream ended
    kHead,   // an HTTP request or response: normally the opening handshake
    kFrame,  // a frame
  };

  uint64_t id = 0;     // counts from 1; set by the log
  int connection = 0;  // counts from 1
  absl::Duration since_open{};
  weft::Role sender = weft::Role::kClient;
  Kind kind = Kind::kNote;

  std::string text{};     // the text of a note, and further details of a head
  std::string problem{};  // the error of a head, or of the stream's end
  std::vector<HeadLine> lines{};
  SeenFrame frame{};
  bool deflate = false;  // permessage-deflate was agreed on
};

// One line of the page's list; and all details.
nlohmann::json SummaryJson(const TapEntry& entry);
nlohmann::json DetailJson(const TapEntry& entry);

}  // namespace examples

#endif  // WEFT_EXAMPLES_INSPECT_TAP_ENTRY_H_
