// Where the examples' servers write.

#ifndef WEFT_EXAMPLES_OUTPUT_H_
#define WEFT_EXAMPLES_OUTPUT_H_

#include "weft/transport/line_writer.h"

namespace examples {

// Lines on standard output and standard error. A server goes on where they are lost.
weft::LineWriter& Output();
weft::LineWriter& ErrorOutput();

}  // namespace examples

#endif  // WEFT_EXAMPLES_OUTPUT_H_
