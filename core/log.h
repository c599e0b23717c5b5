// Logging: the library prints nothing itself and passes each line to a hook.

#ifndef WEFT_CORE_LOG_H_
#define WEFT_CORE_LOG_H_

#include <functional>

#include "absl/strings/string_view.h"

namespace weft {

enum class LogLevel {
  kInfo,     // normal operation, and refusals and losses that the peer caused
  kWarning,  // a refusal or loss that the operator can prevent, such as by a larger limit
  kError,    // a failure of the application or the system: someone should look at it
};

// Called with each line, without a newline at its end; the text is valid until it returns. Called
// from any thread, also from several at once; it must not call back into the code that logs. Empty:
// no logging.
using LogHook = std::function<void(LogLevel, absl::string_view)>;

// Calls `hook` if it is not empty.
inline void Log(const LogHook& hook, LogLevel level, absl::string_view text) {
  if (hook) hook(level, text);
}

}  // namespace weft

#endif  // WEFT_CORE_LOG_H_
