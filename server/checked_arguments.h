// The checks of what a server is started with.

#ifndef WEFT_SERVER_CHECKED_ARGUMENTS_H_
#define WEFT_SERVER_CHECKED_ARGUMENTS_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "weft/server/acceptor.h"
#include "weft/server/server_options.h"

namespace weft {

// InvalidArgument for options that CheckServerOptions() refuses, an empty acceptor, and functions
// that run on handler threads, of which there are none.
absl::Status CheckArguments(const ServerOptions& options, const Acceptor& acceptor);

// The same for the options of a server with a router, before the router's pages and acceptor are
// used: InvalidArgument for other pages, and for a path of the router that runs on handler threads,
// of which there are none. An empty path: no path does.
absl::Status CheckForRouter(const ServerOptions& options, absl::string_view path_on_threads);

}  // namespace weft

#endif  // WEFT_SERVER_CHECKED_ARGUMENTS_H_
