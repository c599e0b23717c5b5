// Parses the examples' command lines.

#ifndef WEFT_EXAMPLES_COMMAND_LINE_H_
#define WEFT_EXAMPLES_COMMAND_LINE_H_

#include <string>
#include <vector>

namespace examples {

// Call it first in main(): opens closed standard streams, parses the flags, and returns the
// arguments that are not flags. Ends the program if there is no such flag, or for a wrong value.
// --help prints `usage` and the flags of all linked files of examples/; Abseil by itself shows only
// those of main()'s file.
std::vector<std::string> ParseCommandLine(int argc, char** argv, const char* usage);

}  // namespace examples

#endif  // WEFT_EXAMPLES_COMMAND_LINE_H_
