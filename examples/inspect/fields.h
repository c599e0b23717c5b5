// A frame bit by bit: what each field is called, says and means.

#ifndef WEFT_EXAMPLES_INSPECT_FIELDS_H_
#define WEFT_EXAMPLES_INSPECT_FIELDS_H_

#include <cstddef>
#include <string>
#include <vector>

#include "examples/inspect/frame_reader.h"

namespace examples {

struct Field {
  std::string name{};     // "FIN", "opcode", "masking key" ...
  size_t first_bit = 0;   // from the frame's first byte on, its highest bit being 0
  size_t bits = 0;        // of the payload: of what is shown
  std::string value{};    // "1", "0x1", "37 fa 21 3d"
  std::string meaning{};  // one sentence, without its full stop
  std::string section{};  // of `rfc`
  std::string rfc = "6455";
};

// The fields of `frame` in the order of the wire, as far as it has come: the header's, and the
// payload's if there is one. `deflate`: permessage-deflate was agreed on.
std::vector<Field> FieldsOf(const SeenFrame& frame, bool deflate);

// Bytes as "37 fa 21 3d".
std::string SpacedHex(absl::string_view bytes);

}  // namespace examples

#endif  // WEFT_EXAMPLES_INSPECT_FIELDS_H_
