#include "weft/client/dial.h"

#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "weft/client/annotate.h"
#include "weft/core/quote.h"
#include "weft/transport/address.h"
#include "weft/transport/connect.h"
#include "weft/transport/notification.h"
#include "weft/transport/stream.h"
#include "weft/transport/tls_context.h"

namespace weft {
namespace {

absl::StatusOr<Stream> ConnectToServer(const Url& url, Deadline deadline,
                                       const Notification* cancel) {
  if (url.unix_path.empty()) return ConnectTo(url.host, url.port, deadline, cancel);
  const absl::StatusOr<SocketAddress> address = SocketAddress::FromUnixPath(url.unix_path);
  if (!address.ok()) return address.status();
  return ConnectTo({*address}, deadline, cancel);
}

absl::Status StartTls(BlockingStream& stream, const Url& url, std::shared_ptr<TlsContext> context) {
  if (context == nullptr) {
    absl::StatusOr<std::shared_ptr<TlsContext>> system = TlsContext::SystemClient();
    if (!system.ok()) return system.status();
    context = *std::move(system);
  }
  absl::Status status = stream.StartTls(*context, url.host);
  return status.ok() ? status
                     : Annotate(status, absl::StrCat("no TLS with ", Quote(url.host), ": "));
}

}  // namespace

absl::StatusOr<BlockingStream> Dial(const Url& url, const ClientOptions& options,
                                    Deadline deadline) {
  const Notification* cancel = options.cancel.get();
  absl::StatusOr<Stream> socket = ConnectToServer(url, deadline, cancel);
  if (!socket.ok()) return socket.status();
  BlockingStream stream(*std::move(socket), deadline, cancel);
  if (url.secure) {
    if (absl::Status status = StartTls(stream, url, options.tls); !status.ok()) return status;
  }
  return stream;
}

}  // namespace weft
