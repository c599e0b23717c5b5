#include "weft/client/dial.h"

#include <utility>

#include "weft/transport/connect.h"
#include "weft/transport/stream.h"

namespace weft {
absl::StatusOr<BlockingStream> Dial(const Url& url, Deadline deadline, const Notification* cancel) {
  absl::StatusOr<Stream> stream = ConnectTo(url.host, url.port, deadline, cancel);
  if (!stream.ok()) return stream.status();
  return BlockingStream(*std::move(stream), deadline, cancel);
}

}  // namespace weft
