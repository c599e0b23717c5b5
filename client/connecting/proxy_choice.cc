#include "weft/client/connecting/proxy_choice.h"

#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "weft/client/connecting/annotate.h"
#include "weft/client/connecting/no_proxy.h"
#include "weft/transport/loopback.h"

namespace weft {
namespace {

struct Variable {
  absl::string_view name;
  absl::string_view value;
};

// The first of these variables that is not empty.
std::optional<Variable> FirstOf(const std::vector<const char*>& names,
                                absl::FunctionRef<const char*(const char*)> get_env) {
  for (const char* name : names) {
    const char* value = get_env(name);
    if (value != nullptr && *value != '\0') return Variable{name, value};
  }
  return std::nullopt;
}

absl::StatusOr<std::optional<Proxy>> Parse(absl::string_view where, absl::string_view text) {
  absl::StatusOr<Proxy> proxy = ParseProxy(text);
  if (!proxy.ok()) return Annotate(proxy.status(), absl::StrCat(where, ": "));
  return *std::move(proxy);
}

}  // namespace

absl::StatusOr<std::optional<Proxy>> ChooseProxy(
    const Url& url, absl::string_view option, absl::FunctionRef<const char*(const char*)> get_env) {
  if (!url.unix_path.empty() || !url.zone.empty() || option == "direct") return std::nullopt;
  if (!option.empty()) return Parse("ClientOptions::proxy", option);
  if (IsLoopbackHost(url.host)) return std::nullopt;
  // Not HTTP_PROXY: in a CGI program it is the header "Proxy", which an attacker can set.
  const std::optional<Variable> proxy =
      url.secure ? FirstOf({"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"}, get_env)
                 : FirstOf({"http_proxy", "all_proxy", "ALL_PROXY"}, get_env);
  if (!proxy.has_value()) return std::nullopt;
  const std::optional<Variable> no_proxy = FirstOf({"no_proxy", "NO_PROXY"}, get_env);
  if (no_proxy.has_value() && NamedByNoProxy(no_proxy->value, url.host, url.port)) {
    return std::nullopt;
  }
  return Parse(absl::StrCat("the environment's ", proxy->name), proxy->value);
}

}  // namespace weft
