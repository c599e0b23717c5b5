// Sends a request, and receives the head of its response.

#ifndef WEFT_CLIENT_HTTP_EXCHANGE_H_
#define WEFT_CLIENT_HTTP_EXCHANGE_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "weft/client/blocking_stream.h"
#include "weft/client/connecting/client_options.h"

namespace weft {

struct HttpAnswer {
  std::string head;    // for ParseHttpResponse()
  std::string behind;  // the bytes received with it, at most BlockingStream::kMaxReadBytes
};

// The maximum number of interim responses that are skipped before the final one.
inline constexpr int kMaxInterimAnswers = 16;

// Sends `request` and reads until the head of its final response is complete. Interim responses,
// 1xx except 101, are skipped (RFC 9110, section 15.2): at most kMaxInterimAnswers, and together
// with the final head within options.http.limits.max_head_bytes. Passes all heads to
// options.hooks.on_head.
//
// Errors say which of the two failed, and why. InvalidArgument, with the bytes received, as soon as
// they cannot be the start of a response: the server uses another protocol.
absl::StatusOr<HttpAnswer> Exchange(BlockingStream& stream, absl::string_view request,
                                    const ClientOptions& options);

}  // namespace weft

#endif  // WEFT_CLIENT_HTTP_EXCHANGE_H_
