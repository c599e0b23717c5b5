// How the examples read their command lines.

#ifndef WEFT_EXAMPLES_COMMAND_LINE_H_
#define WEFT_EXAMPLES_COMMAND_LINE_H_

#include <string>
#include <vector>

namespace examples {

// The first call in main(): opens the standard streams that are closed, parses the flags, and
// returns the words that are none. --help prints `usage` and the flags of all files of examples/
// that the program is made of; Abseil by itself shows those of main()'s file.
std::vector<std::string> ParseCommandLine(int argc, char** argv, const char* usage);

}  // namespace examples

#endif  // WEFT_EXAMPLES_COMMAND_LINE_H_
