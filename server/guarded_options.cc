#include "weft/server/guarded_options.h"

#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "weft/core/http/http_status.h"
#include "weft/core/http/quote.h"
#include "weft/server/handler.h"
#include "weft/server/http/page.h"

namespace weft {

ExceptionGuard::ReportHook LogExceptions(const LogHook& log) {
  return [log](absl::string_view what, absl::string_view message) {
    Log(log, LogLevel::kError, absl::StrCat(what, " threw an exception: ", Quote(message)));
  };
}

Acceptor Guarded(Acceptor acceptor, ExceptionGuard& guard) {
  const auto failed = []() -> absl::StatusOr<std::unique_ptr<Handler>> {
    return internal::ApplicationFailed();
  };
  return guard.Wrap("the acceptor", std::move(acceptor), failed);
}

ServerOptions Guarded(ServerOptions options, ExceptionGuard& guard) {
  const auto failed = []() -> absl::StatusOr<PageResponse> {
    return internal::ApplicationFailed();
  };
  options.http.pages = guard.Wrap("a page", std::move(options.http.pages), failed);
  if (options.hooks.access_log) {
    options.hooks.access_log =
        [&guard, hook = std::move(options.hooks.access_log)](absl::string_view line) {
          guard.Run("hooks.access_log", [&] { hook(line); });
        };
  }
  if (options.hooks.on_topic_change) {
    options.hooks.on_topic_change = [&guard, hook = std::move(options.hooks.on_topic_change)](
                                        absl::string_view topic, bool has_subscribers) {
      guard.Run("hooks.on_topic_change", [&] { hook(topic, has_subscribers); });
    };
  }
  return options;
}

}  // namespace weft
