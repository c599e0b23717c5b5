// A request, and the head of its answer.

#ifndef WEFT_CLIENT_HTTP_EXCHANGE_H_
#define WEFT_CLIENT_HTTP_EXCHANGE_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "weft/client/blocking_stream.h"
#include "weft/client/client_options.h"

namespace weft {

struct HttpAnswer {
  std::string head;    // for ParseHttpResponse()
  std::string behind;  // what came with it, at most BlockingStream::kMaxReadBytes
};

// Sends `request` and reads until the head of an answer is complete, within options.http; shows
// both to options.on_head. Errors say which of the two failed, and why; those of HttpHeadScanner
// among them.
absl::StatusOr<HttpAnswer> Exchange(BlockingStream& stream, absl::string_view request,
                                    const ClientOptions& options);

}  // namespace weft

#endif  // WEFT_CLIENT_HTTP_EXCHANGE_H_
