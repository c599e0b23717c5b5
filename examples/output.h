// The output of the examples' servers.

#ifndef WEFT_EXAMPLES_OUTPUT_H_
#define WEFT_EXAMPLES_OUTPUT_H_

#include "weft/transport/line_writer.h"

namespace examples {

// Lines on standard output and standard error. If they are lost, the server continues.
weft::LineWriter& Output();
weft::LineWriter& ErrorOutput();

}  // namespace examples

#endif  // WEFT_EXAMPLES_OUTPUT_H_
