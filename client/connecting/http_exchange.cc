#include "weft/client/connecting/http_exchange.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "weft/client/connecting/annotate.h"
#include "weft/core/http/http_status.h"
#include "weft/core/http/quote.h"

namespace weft {
namespace {

// Whether a status line can begin with `bytes` (RFC 9112, section 4).
bool CanBeginAnswer(absl::string_view bytes) {
  constexpr absl::string_view kLine = "HTTP/#.# ###";  // # matches a digit
  for (size_t i = 0; i < bytes.size() && i < kLine.size(); ++i) {
    const bool fits = kLine[i] == '#' ? absl::ascii_isdigit(bytes[i]) : bytes[i] == kLine[i];
    if (!fits) return false;
  }
  return true;
}

absl::Status NotHttp(absl::string_view bytes) {
  // An alert: the answer of a TLS server to a client without TLS (RFC 8446, section 6).
  const bool tls = absl::StartsWith(bytes, "\x15\x03");
  return absl::InvalidArgumentError(
      absl::StrCat("the answer is not HTTP: it begins with ", Quote(bytes),
                   tls ? ", like TLS: connect with wss://, or https:// for a proxy" : ""));
}

}  // namespace

std::string HttpExchange::TakeOutput() {
  if (!request_.empty() && options_.hooks.on_head) {
    options_.hooks.on_head(HttpHead::kRequest, request_);
  }
  return std::exchange(request_, "");
}

absl::Status HttpExchange::Take(absl::string_view bytes) {
  answer_.behind.append(bytes.data(), bytes.size());
  while (!done_) {
    const absl::StatusOr<bool> complete = TakeHead();
    if (!complete.ok()) return AfterInterim(complete.status());
    if (!*complete) return absl::OkStatus();
    if (options_.hooks.on_head) options_.hooks.on_head(HttpHead::kResponse, answer_.head);
    const absl::StatusOr<HttpResponse> response =
        ParseHttpResponse(answer_.head, options_.http.limits);
    if (!response.ok()) return response.status();
    done_ = response->status >= 200 || response->status == 101;
    if (!done_ && interim_++ == kMaxInterimAnswers) {
      return absl::InvalidArgumentError(absl::StrCat(
          "more than ", kMaxInterimAnswers, " interim answers (HTTP 1xx), the last is ",
          response->status, " ", HttpReason(response->status)));
    }
  }
  return absl::OkStatus();
}

// Moves the next head from the front of answer_.behind to answer_.head, if it is complete.
absl::StatusOr<bool> HttpExchange::TakeHead() {
  std::string& bytes = answer_.behind;
  if (!CanBeginAnswer(bytes)) return NotHttp(bytes);
  const absl::StatusOr<size_t> size = scanner_.Scan(bytes);
  if (!size.ok()) return size.status();
  if (*size == 0) return false;
  answer_.head = bytes.substr(0, *size);
  bytes.erase(0, *size);
  left_ -= *size;
  scanner_ = HttpHeadScanner({.max_head_bytes = left_});
  return true;
}

absl::Status HttpExchange::CannotWrite(const absl::Status& why) {
  return Annotate(why, "cannot send the request: ");
}

absl::Status HttpExchange::CannotRead(const absl::Status& why) {
  return AfterInterim(Annotate(why, "no complete answer to the request: "));
}

absl::Status HttpExchange::AfterInterim(const absl::Status& error) const {
  if (interim_ == 0) return error;
  return Annotate(error, "", absl::StrCat(", after ", interim_, " interim answers (HTTP 1xx)"));
}

}  // namespace weft
