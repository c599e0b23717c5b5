// Shared by the examples' clients: flags for trust, identity, proxy and compression.

#ifndef WEFT_EXAMPLES_CLIENT_FLAGS_H_
#define WEFT_EXAMPLES_CLIENT_FLAGS_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "weft/client/client.h"

namespace examples {

// Options for connecting to `url`, from --ca, --cert, --key, --proxy and --compression after the
// command line was parsed. InvalidArgument for files that cannot be used, and for a `url` that
// cannot use them.
absl::StatusOr<weft::ClientOptions> ClientOptionsFromFlags(absl::string_view url);

}  // namespace examples

#endif  // WEFT_EXAMPLES_CLIENT_FLAGS_H_
