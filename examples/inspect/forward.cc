#include "examples/inspect/forward.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "weft/core/http/url.h"
#include "weft/transport/address.h"

namespace examples {
namespace {

absl::Status Wrong(absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat("--forward: ", why));
}

}  // namespace

absl::StatusOr<Forward> ParseForward(absl::string_view text, uint16_t tap_port,
                                     const weft::ServerOptions& server) {
  const absl::StatusOr<weft::Url> url = weft::ParseUrl(text);
  if (!url.ok()) return Wrong(url.status().message());
  if (url->secure)
    return Wrong("wss:// is encrypted, so the tap cannot read it: use the server's ws:// URL");
  if (!url->unix_path.empty()) return Wrong("the tap forwards only to TCP");
  const bool here = url->host == server.address || url->host == "localhost";
  if (here && url->port == server.port) {
    return Wrong(absl::StrCat("port ", url->port, " is this server's own: choose another --port"));
  }
  const absl::StatusOr<weft::SocketAddress> listen =
      weft::SocketAddress::FromIp(server.address, tap_port);
  if (!listen.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("the tap requires an IP address as --address: ", listen.status().message()));
  }
  return Forward{.tap = {.listen = *listen, .host = url->host, .port = url->port},
                 .resource = url->resource};
}

}  // namespace examples
