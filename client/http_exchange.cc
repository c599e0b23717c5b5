#include "weft/client/http_exchange.h"

#include <cstddef>

#include "absl/status/status.h"
#include "weft/client/annotate.h"
#include "weft/core/http.h"

namespace weft {

absl::StatusOr<HttpAnswer> Exchange(BlockingStream& stream, absl::string_view request,
                                    const ClientOptions& options) {
  if (options.on_head) options.on_head(HttpHead::kRequest, request);
  if (absl::Status status = stream.Write(request); !status.ok()) {
    return Annotate(status, "cannot send the request: ");
  }
  HttpHeadScanner scanner(options.http);
  std::string bytes;
  while (true) {
    if (absl::Status status = stream.Read(&bytes); !status.ok()) {
      return Annotate(status, "no complete answer to the request: ");
    }
    const absl::StatusOr<size_t> size = scanner.Scan(bytes);
    if (!size.ok()) return size.status();
    if (*size == 0) continue;
    HttpAnswer answer = {bytes.substr(0, *size), bytes.substr(*size)};
    if (options.on_head) options.on_head(HttpHead::kResponse, answer.head);
    return answer;
  }
}

}  // namespace weft
