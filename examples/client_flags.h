// What the examples' clients have in common: flags that say whom to trust, who they are, which way
// to go and whether to compress.

#ifndef WEFT_EXAMPLES_CLIENT_FLAGS_H_
#define WEFT_EXAMPLES_CLIENT_FLAGS_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "weft/client/client.h"

namespace examples {

// Options to connect to `url` with, from --ca, --cert, --key, --proxy and --compression once the
// command line is parsed. InvalidArgument for files that cannot be used, and for a `url` that has
// no use for them.
absl::StatusOr<weft::ClientOptions> ClientOptionsFromFlags(absl::string_view url);

}  // namespace examples

#endif  // WEFT_EXAMPLES_CLIENT_FLAGS_H_
