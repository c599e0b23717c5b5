// Sends a request, and receives the head of its response, without I/O.

#ifndef WEFT_CLIENT_CONNECTING_HTTP_EXCHANGE_H_
#define WEFT_CLIENT_CONNECTING_HTTP_EXCHANGE_H_

#include <cstddef>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "weft/client/connecting/client_options.h"
#include "weft/client/connecting/dialogue.h"
#include "weft/core/http/http.h"

namespace weft {

struct HttpAnswer {
  std::string head;    // for ParseHttpResponse()
  std::string behind;  // the bytes received with it, at most kMaxReadBytes
};

// The maximum number of interim responses that are skipped before the final one.
inline constexpr int kMaxInterimAnswers = 16;

// A request, and the response up to the end of the final head. Interim responses, 1xx except 101,
// are skipped (RFC 9110, section 15.2): at most kMaxInterimAnswers, and together with the final
// head within options.http.limits.max_head_bytes. Passes all heads to options.hooks.on_head.
//
// Errors say which of the two failed, and why. InvalidArgument, with the bytes received, as soon as
// they cannot be the start of a response: the server uses another protocol.
class HttpExchange : public Dialogue {
 public:
  // `options` must outlive it.
  HttpExchange(std::string request, const ClientOptions& options)
      : options_(options),
        request_(std::move(request)),
        left_(options.http.limits.max_head_bytes),
        scanner_({.max_head_bytes = left_}) {}

  std::string TakeOutput() override;
  size_t wanted() const override { return done_ ? 0 : kMaxReadBytes; }
  absl::Status Take(absl::string_view bytes) override;
  absl::Status CannotWrite(const absl::Status& why) override;
  absl::Status CannotRead(const absl::Status& why) override;

  // Once wanted() is 0.
  HttpAnswer& answer() { return answer_; }

 private:
  absl::StatusOr<bool> TakeHead();
  absl::Status AfterInterim(const absl::Status& error) const;

  const ClientOptions& options_;
  std::string request_;
  size_t left_;  // the maximum size of the next head
  HttpHeadScanner scanner_;
  int interim_ = 0;  // the number of interim responses
  HttpAnswer answer_;
  bool done_ = false;
};

}  // namespace weft

#endif  // WEFT_CLIENT_CONNECTING_HTTP_EXCHANGE_H_
