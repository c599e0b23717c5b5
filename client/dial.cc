#include "weft/client/dial.h"

#include <stdlib.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "weft/client/connecting/annotate.h"
#include "weft/client/connecting/proxy.h"
#include "weft/client/connecting/proxy_choice.h"
#include "weft/client/connecting/socks5.h"
#include "weft/client/http_connect.h"
#include "weft/core/http/authority.h"
#include "weft/core/http/basic_auth.h"
#include "weft/core/http/quote.h"
#include "weft/transport/address.h"
#include "weft/transport/connect.h"
#include "weft/transport/notification.h"
#include "weft/transport/stream.h"
#include "weft/transport/tls_context.h"

namespace weft {
namespace {

absl::StatusOr<Stream> ConnectStraight(const Url& url, Deadline deadline,
                                       const Notification* cancel) {
  if (!url.zone.empty()) {
    return ConnectTo(absl::StrCat(url.host, "%", url.zone), url.port, deadline, cancel);
  }
  if (url.unix_path.empty()) return ConnectTo(url.host, url.port, deadline, cancel);
  const absl::StatusOr<SocketAddress> address = SocketAddress::FromUnixPath(url.unix_path);
  if (!address.ok()) return address.status();
  return ConnectTo({*address}, deadline, cancel);
}

absl::Status Socks5Connect(BlockingStream& stream, absl::string_view host, uint16_t port,
                           const std::optional<BasicCredentials>& credentials) {
  absl::StatusOr<Socks5> socks = Socks5::Create(host, port, credentials);
  absl::Status status = socks.status();
  while (status.ok() && socks->wanted() > 0) {
    status = stream.Write(socks->TakeOutput());
    std::string bytes;
    while (status.ok() && bytes.size() < socks->wanted()) {
      status = stream.Read(&bytes, socks->wanted() - bytes.size());
    }
    if (status.ok()) status = socks->Take(bytes);
  }
  return status;
}

absl::StatusOr<Stream> ConnectThrough(const Proxy& proxy, const Url& url,
                                      const ClientOptions& options, Deadline deadline) {
  const Notification* cancel = options.cancel.get();
  absl::StatusOr<Stream> socket = ConnectTo(proxy.host, proxy.port, deadline, cancel);
  if (!socket.ok()) {
    return Annotate(socket.status(),
                    absl::StrCat("cannot reach the proxy ", proxy.ToString(), ": "));
  }
  BlockingStream stream(*std::move(socket), deadline, cancel);
  absl::Status status = proxy.kind == Proxy::Kind::kHttp
                            ? HttpConnect(stream, url.host, url.port, proxy.credentials, options)
                            : Socks5Connect(stream, url.host, url.port, proxy.credentials);
  if (status.ok()) return stream.TakeStream();
  return Annotate(status, absl::StrCat("the proxy ", proxy.ToString(), " does not connect to ",
                                       AuthorityText(url.host, url.port), ": "));
}

absl::Status StartTls(BlockingStream& stream, const Destination& to,
                      std::shared_ptr<TlsContext> context) {
  if (context == nullptr) {
    absl::StatusOr<std::shared_ptr<TlsContext>> system = TlsContext::SystemClient();
    if (!system.ok()) return system.status();
    context = *std::move(system);
  }
  absl::Status status = stream.StartTls(*context, to.url.host, to.identity);
  return status.ok() ? status
                     : Annotate(status, absl::StrCat("no TLS with ", Quote(to.url.host), ": "));
}

// The URL with the address to connect to.
absl::StatusOr<Url> AddressOf(const Destination& to) {
  Url url = to.url;
  if (to.connect_to.empty()) return url;
  const absl::StatusOr<Authority> address = ParseAuthority(to.connect_to);
  if (!address.ok()) return address.status();
  if (!url.unix_path.empty()) {
    return absl::InvalidArgumentError("connect_to is set, but the URL is that of a Unix socket");
  }
  url.host = absl::AsciiStrToLower(address->host);
  url.port = address->port.value_or(url.port);
  url.zone.clear();
  return url;
}

}  // namespace

absl::StatusOr<BlockingStream> Dial(const Destination& to, const ClientOptions& options,
                                    Deadline deadline) {
  const Notification* cancel = options.cancel.get();
  const absl::StatusOr<Url> address = AddressOf(to);
  if (!address.ok()) return address.status();
  // secure_getenv(): a program with more rights than its user must not let that user redirect it.
  const absl::StatusOr<std::optional<Proxy>> proxy =
      ChooseProxy(*address, options.proxy, secure_getenv);
  if (!proxy.ok()) return proxy.status();
  absl::StatusOr<Stream> socket = proxy->has_value()
                                      ? ConnectThrough(**proxy, *address, options, deadline)
                                      : ConnectStraight(*address, deadline, cancel);
  if (!socket.ok()) return socket.status();
  BlockingStream stream(*std::move(socket), deadline, cancel);
  if (to.url.secure) {
    if (absl::Status status = StartTls(stream, to, options.tls); !status.ok()) return status;
  }
  return stream;
}

}  // namespace weft
