// Which way to a server: straight, or through which proxy.

#ifndef WEFT_CLIENT_PROXY_CHOICE_H_
#define WEFT_CLIENT_PROXY_CHOICE_H_

#include <optional>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "weft/client/proxy.h"
#include "weft/core/http/url.h"

namespace weft {

// The proxy for `url` by `option`, which is ClientOptions::proxy and says there what holds; none
// where the way is straight. `get_env` is getenv(), or what a test has for it. Errors name the
// option or the variable that is no proxy, and no password.
absl::StatusOr<std::optional<Proxy>> ChooseProxy(
    const Url& url, absl::string_view option, absl::FunctionRef<const char*(const char*)> get_env);

}  // namespace weft

#endif  // WEFT_CLIENT_PROXY_CHOICE_H_
