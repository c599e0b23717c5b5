// Checks the options of a server.

#ifndef WEFT_SERVER_CHECK_OPTIONS_H_
#define WEFT_SERVER_CHECK_OPTIONS_H_

#include "absl/status/status.h"
#include "weft/server/server_options.h"

namespace weft {

// InvalidArgument for times, sizes, rates and hosts out of range, with the name of the field, the
// value and the range. Addresses and ports are checked by opening them: Listener::Open().
absl::Status CheckServerOptions(const ServerOptions& options);

}  // namespace weft

#endif  // WEFT_SERVER_CHECK_OPTIONS_H_
