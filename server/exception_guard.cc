#include "weft/server/exception_guard.h"

#include "absl/strings/str_cat.h"
#include "weft/core/http/quote.h"

namespace weft {

void ExceptionGuard::Report(absl::string_view what, absl::string_view message) {
  caught_.fetch_add(1, std::memory_order_relaxed);
  Log(log_, LogLevel::kError, absl::StrCat(what, " threw an exception: ", Quote(message)));
}

}  // namespace weft
