// Text that a stranger wrote, made fit to stand in a message.

#ifndef WEFT_CORE_QUOTE_H_
#define WEFT_CORE_QUOTE_H_

#include <string>

#include "absl/strings/string_view.h"

namespace weft {

// `text` between double quotes, cut to its first 64 bytes, with \xNN and the like for what is not
// printable ASCII: an error message stays one short line, whatever was received.
std::string Quote(absl::string_view text);

}  // namespace weft

#endif  // WEFT_CORE_QUOTE_H_
