// Something that went through the tap.

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
    kNote,   // what the tap itself has to say: connected, the stream ended
    kHead,   // an HTTP request or response: the opening handshake, as it should be
    kFrame,  // a frame
  };

  uint64_t id = 0;     // counts from 1; the log gives it
  int connection = 0;  // counts from 1
  absl::Duration since_open{};
  weft::Role sender = weft::Role::kClient;
  Kind kind = Kind::kNote;

  std::string text{};     // of a note, and what else there is to say of a head
  std::string problem{};  // what is wrong with a head, or with how the stream ended
  std::vector<HeadLine> lines{};
  SeenFrame frame{};
  bool deflate = false;  // permessage-deflate was agreed on
};

// A line of the page's list; and all about it.
nlohmann::json SummaryJson(const TapEntry& entry);
nlohmann::json DetailJson(const TapEntry& entry);

}  // namespace examples

#endif  // WEFT_EXAMPLES_INSPECT_TAP_ENTRY_H_
