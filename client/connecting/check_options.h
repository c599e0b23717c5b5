// Checks the options of a client.

#ifndef WEFT_CLIENT_CONNECTING_CHECK_OPTIONS_H_
#define WEFT_CLIENT_CONNECTING_CHECK_OPTIONS_H_

#include "absl/status/status.h"
#include "weft/client/connecting/client_options.h"

namespace weft {

// InvalidArgument for times, sizes and numbers out of range, with the name of the field, the value
// and the range. Fields of the request are checked where it is written: RequestHeaders() and
// RequestText().
absl::Status CheckClientOptions(const ClientOptions& options);

}  // namespace weft

#endif  // WEFT_CLIENT_CONNECTING_CHECK_OPTIONS_H_
