// The file that stores the history of typed lines.

#ifndef TOOLS_WEFT_HISTORY_FILE_H_
#define TOOLS_WEFT_HISTORY_FILE_H_

#include <string>

#include "absl/strings/string_view.h"

namespace weft::cli {

// $WEFT_HISTORY, or weft/history in the folder for such files ($XDG_STATE_HOME, ~/.local/state),
// which is created, for the user alone. Empty if $WEFT_HISTORY is empty, or the folder does not
// exist and cannot be created.
std::string HistoryFile();

// Whether there is a file at `path` that is not a device, a pipe or the like.
bool IsRegularFile(const std::string& path);

// Replaces the content of the file at `path` with `contents`. An existing file keeps its mode, a
// new one is for the user alone. Does nothing, and returns false, if `path` is not a regular file,
// or cannot be written.
bool WriteHistory(const std::string& path, absl::string_view contents);

}  // namespace weft::cli

#endif  // TOOLS_WEFT_HISTORY_FILE_H_
