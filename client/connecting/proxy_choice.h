// Chooses how to reach a server: directly, or through which proxy.

#ifndef WEFT_CLIENT_CONNECTING_PROXY_CHOICE_H_
#define WEFT_CLIENT_CONNECTING_PROXY_CHOICE_H_

#include <optional>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "weft/client/connecting/proxy.h"
#include "weft/core/http/url.h"

namespace weft {

// The proxy for `url` by `option`, which is ClientOptions::proxy and is documented there; none for
// a direct connection. `get_env` is getenv(), or a test's replacement. Errors name the option or
// the variable with the invalid proxy, and no password.
absl::StatusOr<std::optional<Proxy>> ChooseProxy(
    const Url& url, absl::string_view option, absl::FunctionRef<const char*(const char*)> get_env);

}  // namespace weft

#endif  // WEFT_CLIENT_CONNECTING_PROXY_CHOICE_H_
