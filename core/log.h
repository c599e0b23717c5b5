// Where the library says what it saw; it prints nothing itself.

#ifndef WEFT_CORE_LOG_H_
#define WEFT_CORE_LOG_H_

#include <functional>

#include "absl/strings/string_view.h"

namespace weft {

enum class LogLevel {
  kInfo,     // what happens in a good day's work
  kWarning,  // something was refused or lost, and the rest goes on
  kError,    // something that a person should look at
};

// Is given each line, without a newline at its end; the text is dead when it returns. Called from
// any thread, also from several at once, and must not call back into what logs. Empty: silence.
using LogHook = std::function<void(LogLevel, absl::string_view)>;

// Calls `hook` if there is one.
inline void Log(const LogHook& hook, LogLevel level, absl::string_view text) {
  if (hook) hook(level, text);
}

}  // namespace weft

#endif  // WEFT_CORE_LOG_H_
