// Where what was typed is remembered.

#ifndef TOOLS_WEFT_HISTORY_FILE_H_
#define TOOLS_WEFT_HISTORY_FILE_H_

#include <string>

namespace weft::cli {

// $WEFT_HISTORY, or weft/history in the folder for such files ($XDG_STATE_HOME, ~/.local/state),
// which is made. Empty where $WEFT_HISTORY is empty, or there is no such folder and none can be
// made.
std::string HistoryFile();

}  // namespace weft::cli

#endif  // TOOLS_WEFT_HISTORY_FILE_H_
