// A frame bit by bit: the name, value and meaning of each field.

#ifndef WEFT_EXAMPLES_INSPECT_FIELDS_H_
#define WEFT_EXAMPLES_INSPECT_FIELDS_H_

#include <cstddef>
#include <string>
#include <vector>

#include "examples/inspect/frame_reader.h"

namespace examples {

struct Field {
  std::string name{};     // "FIN", "opcode", "masking key" ...
  size_t first_bit = 0;   // from the frame's first byte on; its highest bit is 0
  size_t bits = 0;        // for the payload: of the shown part
  std::string value{};    // "1", "0x1", "37 fa 21 3d"
  std::string meaning{};  // one sentence, without its full stop
  std::string section{};  // of `rfc`
  std::string rfc = "6455";
};

// The fields of `frame` in wire order, as far as they have arrived: the header's, and the payload's
// if there is one. `deflate`: permessage-deflate was agreed on.
std::vector<Field> FieldsOf(const SeenFrame& frame, bool deflate);

// Bytes as "37 fa 21 3d".
std::string SpacedHex(absl::string_view bytes);

}  // namespace examples

#endif  // WEFT_EXAMPLES_INSPECT_FIELDS_H_
