// Output that is written completely.

#ifndef TOOLS_WEFT_WRITE_ALL_H_
#define TOOLS_WEFT_WRITE_ALL_H_

#include <cstdio>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "weft/transport/notification.h"

namespace weft::cli {

// Writes `text` and `end` to `file`, bypassing its buffer. Waits if the descriptor is non-blocking:
// a program that shares it may have set O_NONBLOCK. Cancelled if the other end has no reader any
// more, which also raises SIGPIPE unless that is ignored; or if `cancel` (may be null) is notified
// while it waits.
absl::Status WriteAll(FILE* file, absl::string_view text, absl::string_view end = "",
                      const Notification* cancel = nullptr);

// The same for a descriptor.
absl::Status WriteAll(int fd, absl::string_view text, absl::string_view end = "",
                      const Notification* cancel = nullptr);

// Writes `text` to standard output, and an error to standard error. The exit code.
int Print(absl::string_view text);

}  // namespace weft::cli

#endif  // TOOLS_WEFT_WRITE_ALL_H_
