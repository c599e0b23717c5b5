#include "weft/client/http_exchange.h"

#include <cstddef>

#include "absl/status/status.h"
#include "weft/client/annotate.h"

namespace weft {

absl::StatusOr<HttpAnswer> Exchange(BlockingStream& stream, absl::string_view request,
                                    const HttpLimits& limits) {
  if (absl::Status status = stream.Write(request); !status.ok()) {
    return Annotate(status, "cannot send the request: ");
  }
  HttpHeadScanner scanner(limits);
  std::string bytes;
  while (true) {
    if (absl::Status status = stream.Read(&bytes); !status.ok()) {
      return Annotate(status, "no complete answer to the request: ");
    }
    const absl::StatusOr<size_t> size = scanner.Scan(bytes);
    if (!size.ok()) return size.status();
    if (*size > 0) return HttpAnswer{bytes.substr(0, *size), bytes.substr(*size)};
  }
}

}  // namespace weft
