#include "weft/server/forwarding/advice.h"

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "weft/core/http/authority.h"
#include "weft/core/http/http_status.h"
#include "weft/core/http/origin.h"
#include "weft/core/http/quote.h"
#include "weft/server/forwarding/network.h"

namespace weft {
namespace {

// "10.0.0.1", for a message that says which network to trust; "unix:" for a Unix socket.
std::string NetworkOf(const SocketAddress& peer) { return peer.is_ip() ? peer.ip() : "unix:"; }

constexpr absl::string_view kList = "list it in ServerOptions::proxies.trusted_networks";

// The field in which proxies name the host.
absl::string_view HostField(ForwardedBy header) {
  return header == ForwardedBy::kForwarded ? "Forwarded" : "X-Forwarded-Host";
}

// The host of the fields by which a proxy of any network names it; empty if there is none.
std::string ForwardedHost(const HttpHeaders& headers, ForwardedBy header) {
  static const Networks& all = *new Networks(*Networks::Parse({"0.0.0.0/0", "::/0", "unix:"}));
  static const SocketAddress& any = *new SocketAddress(*SocketAddress::FromIp("127.0.0.1", 0));
  const absl::StatusOr<RequestSource> source = FindSource(headers, any, all, header);
  return source.ok() ? source->host : "";
}

// Whether `origin` is a page of `host` with a port that `host` lacks.
bool LacksPort(absl::string_view origin, absl::string_view host) {
  const size_t start = origin.find("://");
  if (start == origin.npos) return false;
  const auto page = ParseAuthority(origin.substr(start + 3)), server = ParseAuthority(host);
  return page.ok() && server.ok() && page->port.has_value() && !server->port.has_value() &&
         absl::EqualsIgnoreCase(page->host, server->host);
}

}  // namespace

absl::Status UnexpectedProxyHeader(const SocketAddress& peer, Sender sender,
                                   ProxyProtocol protocol) {
  if (sender == Sender::kNamed || (sender == Sender::kTrusted && protocol != ProxyProtocol::kOff)) {
    return HttpError(400,
                     "this connection has a second header of the PROXY protocol: only one proxy "
                     "on the way may send one");
  }
  const std::string cure =
      sender == Sender::kTrusted
          ? "set ServerOptions::proxies.protocol"
          : absl::StrCat("if that is your proxy, ", kList, " and set proxies.protocol");
  return HttpError(
      400, absl::StrCat("this connection begins with a header of the PROXY protocol, which is not "
                        "expected from ",
                        NetworkOf(peer), ": ", cure,
                        ", or turn the header off at the proxy (HAProxy: send-proxy, nginx: "
                        "proxy_protocol, stunnel: protocol = proxy)"));
}

absl::Status MissingProxyHeader(const SocketAddress& peer) {
  return HttpError(
      400, absl::StrCat("this connection from ", NetworkOf(peer),
                        " does not begin with a header of the PROXY protocol, which "
                        "ServerOptions::proxies.protocol requires: turn it on at the proxy "
                        "(HAProxy: send-proxy, nginx: proxy_protocol, stunnel: protocol = proxy)"));
}

absl::Status AddressIsFull(const SocketAddress& peer, Sender sender) {
  return HttpError(
      429, absl::StrCat("your address has the maximum number of connections, "
                        "ServerLimits::max_connections_per_address",
                        sender != Sender::kStranger
                            ? ""
                            : absl::StrCat(": if ", NetworkOf(peer), " is your proxy, ", kList)));
}

absl::Status CheckForLostUpgrade(const HttpRequest& request) {
  if (!request.headers.Find("Sec-WebSocket-Key").has_value()) return absl::OkStatus();
  const bool is_old = request.version < 11;
  const bool has_upgrade = request.headers.HasToken("Upgrade", "websocket");
  if (!is_old && has_upgrade && request.headers.HasToken("Connection", "upgrade")) {
    return absl::OkStatus();
  }
  return HttpError(
      426, absl::StrCat("this request for a WebSocket has lost its upgrade in a proxy: it has ",
                        is_old         ? "HTTP/1.0"
                        : !has_upgrade ? "no \"Upgrade: websocket\""
                                       : "no \"Connection: Upgrade\"",
                        ". nginx needs \"proxy_http_version 1.1\", \"proxy_set_header Upgrade "
                        "$http_upgrade\" and \"proxy_set_header Connection upgrade\"; Apache needs "
                        "\"upgrade=websocket\" in its ProxyPass; Varnish needs \"return (pipe)\""));
}

std::string OriginAdvice(absl::string_view origin, absl::string_view host,
                         const HttpHeaders& headers, const RequestSource& source, Sender sender,
                         ForwardedBy header) {
  for (const ForwardedBy other : {ForwardedBy::kXForwarded, ForwardedBy::kForwarded}) {
    if (source.is_believed ? other == header : sender != Sender::kStranger) continue;
    if (!IsSameOrigin(origin, ForwardedHost(headers, other))) continue;
    const std::string seen =
        absl::StrCat("the header ", HostField(other), " has the page's host, but ");
    if (source.is_believed) {
      return absl::StrCat(seen, "is not read: if your proxy sets it, set ",
                          "ServerOptions::proxies.header");
    }
    return absl::StrCat(seen, NetworkOf(source.client), " is not believed: if it is your proxy, ",
                        kList, other == header ? "" : ", and set proxies.header");
  }
  const bool is_forwarded = !source.host.empty();
  if (LacksPort(origin, host)) {
    if (is_forwarded && header == ForwardedBy::kForwarded) {
      return "the host of the header Forwarded has lost its port in a proxy";
    }
    return absl::StrCat("the host has lost its port in a proxy: nginx needs \"proxy_set_header ",
                        is_forwarded ? HostField(header) : "Host", " $http_host\", not $host");
  }
  if (is_forwarded) {
    return absl::StrCat("ServerOptions::http.allowed_origins lists other origins, and the host is ",
                        "that of the header ", HostField(header));
  }
  return "ServerOptions::http.allowed_origins lists other origins. If a proxy has replaced the "
         "host, "
         "nginx needs \"proxy_set_header Host $http_host\", and Apache \"ProxyPreserveHost On\"";
}

}  // namespace weft
