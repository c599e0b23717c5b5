#include "examples/inspect/forward.h"

#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "weft/core/http/url.h"
#include "weft/transport/address.h"
#include "weft/transport/loopback.h"
#include "weft/transport/tls_context.h"
#include "weft/transport/tls_options.h"

namespace examples {
namespace {

absl::Status Wrong(absl::string_view flag, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat(flag, ": ", why));
}

absl::StatusOr<weft::Url> ParseTarget(absl::string_view text, const weft::ServerOptions& server) {
  absl::StatusOr<weft::Url> url = weft::ParseUrl(text);
  if (!url.ok()) return Wrong("--forward", url.status().message());
  if (!url->unix_path.empty()) return Wrong("--forward", "the tap forwards only to TCP");
  const bool here = url->host == server.address || url->host == "localhost";
  if (here && url->port == server.port) {
    return Wrong("--forward",
                 absl::StrCat("port ", url->port, " is this server's own: choose another --port"));
  }
  return url;
}

}  // namespace

absl::StatusOr<Forward> ParseForward(const TapFlags& flags, const weft::ServerOptions& server) {
  Forward forward;
  TapRules& rules = forward.tap.rules;
  std::shared_ptr<weft::TlsContext> tls;  // of all wss:// servers
  for (const std::string& text : flags.forward) {
    absl::StatusOr<weft::Url> url = ParseTarget(text, server);
    if (!url.ok()) return url.status();
    if (url->secure && tls == nullptr) {
      auto context = weft::TlsContext::ForClient({.ca_file = flags.ca});
      if (!context.ok()) return Wrong("--ca", context.status().message());
      tls = *std::move(context);
    }
    if (rules.targets.empty()) forward.resource = url->resource;
    rules.targets.push_back(
        {.host = url->host, .port = url->port, .tls = url->secure ? tls : nullptr});
  }
  if (rules.targets.empty()) return Wrong("--forward", "expected the URL of a server");
  if (!flags.ca.empty() && tls == nullptr) return Wrong("--ca", "no --forward is wss://");
  if (flags.cert.empty() != flags.key.empty()) {
    return Wrong("--cert, --key", "one needs the other");
  }
  if (!flags.cert.empty()) {
    auto context = weft::TlsContext::ForServer(
        {.identities = {{.certificate_file = flags.cert, .private_key_file = flags.key}}});
    if (!context.ok()) return Wrong("--cert, --key", context.status().message());
    forward.tap.client_tls = *std::move(context);
  }
  const absl::StatusOr<weft::SocketAddress> listen =
      weft::SocketAddress::FromIp(server.address, flags.tap_port);
  if (!listen.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("the tap requires an IP address as --address: ", listen.status().message()));
  }
  forward.tap.listen = *listen;
  rules.allowed_origins = server.http.allowed_origins;
  rules.allowed_hosts = server.http.allowed_hosts;
  rules.on_loopback = weft::IsLoopbackHost(server.address);
  return forward;
}

}  // namespace examples
