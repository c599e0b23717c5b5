#include "weft/client/dial.h"

#include <utility>

#include "weft/transport/address.h"
#include "weft/transport/connect.h"
#include "weft/transport/stream.h"

namespace weft {
namespace {

absl::StatusOr<Stream> ConnectToServer(const Url& url, Deadline deadline,
                                       const Notification* cancel) {
  if (url.unix_path.empty()) return ConnectTo(url.host, url.port, deadline, cancel);
  const absl::StatusOr<SocketAddress> address = SocketAddress::FromUnixPath(url.unix_path);
  if (!address.ok()) return address.status();
  return ConnectTo({*address}, deadline, cancel);
}

}  // namespace

absl::StatusOr<BlockingStream> Dial(const Url& url, Deadline deadline, const Notification* cancel) {
  absl::StatusOr<Stream> stream = ConnectToServer(url, deadline, cancel);
  if (!stream.ok()) return stream.status();
  return BlockingStream(*std::move(stream), deadline, cancel);
}

}  // namespace weft
