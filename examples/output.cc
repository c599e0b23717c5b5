#include "examples/output.h"

#include <unistd.h>

namespace examples {

// Never destroyed, because threads may write until the end.
weft::LineWriter& Output() {
  static auto& lines = *new weft::LineWriter(STDOUT_FILENO);
  return lines;
}

weft::LineWriter& ErrorOutput() {
  static auto& lines = *new weft::LineWriter(STDERR_FILENO);
  return lines;
}

}  // namespace examples
