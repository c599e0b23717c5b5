#include "weft/server/checked_arguments.h"

#include "absl/strings/str_cat.h"
#include "weft/core/http/quote.h"
#include "weft/server/on_handler_threads.h"

namespace weft {
namespace {

absl::Status NoHandlerThreads(absl::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("handler_threads is 0, expected at least 1: ", what, " runs on them"));
}

}  // namespace

absl::Status CheckArguments(const ServerOptions& options, const Acceptor& acceptor) {
  if (!acceptor) return absl::InvalidArgumentError("the acceptor is empty, expected a function");
  const bool none = options.handler_threads == 0;
  if (none && internal::IsOnHandlerThreads(acceptor)) return NoHandlerThreads("the acceptor");
  if (none && internal::IsOnHandlerThreads(options.http.pages))
    return NoHandlerThreads("http.pages");
  return CheckServerOptions(options);
}

absl::Status CheckForRouter(const ServerOptions& options, absl::string_view path_on_threads) {
  if (options.http.pages) {
    return absl::InvalidArgumentError(
        "http.pages is set, expected empty: the router has the pages");
  }
  if (options.handler_threads == 0 && !path_on_threads.empty()) {
    return NoHandlerThreads(absl::StrCat("the path ", Quote(path_on_threads)));
  }
  return absl::OkStatus();
}

}  // namespace weft
