// Where what was typed is remembered.

#ifndef TOOLS_WEFT_HISTORY_FILE_H_
#define TOOLS_WEFT_HISTORY_FILE_H_

#include <string>

#include "absl/strings/string_view.h"

namespace weft::cli {

// $WEFT_HISTORY, or weft/history in the folder for such files ($XDG_STATE_HOME, ~/.local/state),
// which is made, for the user alone. Empty where $WEFT_HISTORY is empty, or there is no such folder
// and none can be made.
std::string HistoryFile();

// Whether there is a file at `path`, and it is neither a device, nor a pipe or the like.
bool IsRegularFile(const std::string& path);

// Makes `contents` all that the file at `path` holds. A file that was there keeps its mode, a new
// one is for the user alone. Does nothing, and returns false, where `path` is anything but a
// regular file, or it cannot be written.
bool WriteHistory(const std::string& path, absl::string_view contents);

}  // namespace weft::cli

#endif  // TOOLS_WEFT_HISTORY_FILE_H_
