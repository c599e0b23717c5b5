#include "weft/client/http_exchange.h"

#include <cstddef>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "weft/client/connecting/annotate.h"
#include "weft/core/http/http.h"
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
  return absl::InvalidArgumentError(absl::StrCat("the answer is not HTTP: it begins with ",
                                                 Quote(bytes),
                                                 tls ? ", like TLS: connect with wss://" : ""));
}

// Moves the next head from the front of `*bytes` to `*head`, and reads on until it is complete.
// `*left` is the maximum size, from which the head's size is subtracted.
absl::Status ReadHead(BlockingStream& stream, size_t* left, std::string* bytes, std::string* head) {
  HttpHeadScanner scanner({.max_head_bytes = *left});
  while (true) {
    if (!CanBeginAnswer(*bytes)) return NotHttp(*bytes);
    const absl::StatusOr<size_t> size = scanner.Scan(*bytes);
    if (!size.ok()) return size.status();
    if (*size > 0) {
      *head = bytes->substr(0, *size);
      bytes->erase(0, *size);
      *left -= *size;
      return absl::OkStatus();
    }
    if (absl::Status status = stream.Read(bytes); !status.ok()) {
      return Annotate(status, "no complete answer to the request: ");
    }
  }
}

}  // namespace

absl::StatusOr<HttpAnswer> Exchange(BlockingStream& stream, absl::string_view request,
                                    const ClientOptions& options) {
  if (options.hooks.on_head) options.hooks.on_head(HttpHead::kRequest, request);
  if (absl::Status status = stream.Write(request); !status.ok()) {
    return Annotate(status, "cannot send the request: ");
  }
  HttpAnswer answer;
  size_t left = options.http.limits.max_head_bytes;
  for (int interim = 0;; ++interim) {
    absl::Status status = ReadHead(stream, &left, &answer.behind, &answer.head);
    if (!status.ok() && interim > 0) {
      return Annotate(status, "", absl::StrCat(", after ", interim, " interim answers (HTTP 1xx)"));
    }
    if (!status.ok()) return status;
    if (options.hooks.on_head) options.hooks.on_head(HttpHead::kResponse, answer.head);
    const absl::StatusOr<HttpResponse> response =
        ParseHttpResponse(answer.head, options.http.limits);
    if (!response.ok()) return response.status();
    if (response->status >= 200 || response->status == 101) return answer;
    if (interim == kMaxInterimAnswers) {
      return absl::InvalidArgumentError(absl::StrCat(
          "more than ", kMaxInterimAnswers, " interim answers (HTTP 1xx), the last is ",
          response->status, " ", HttpReason(response->status)));
    }
  }
}

}  // namespace weft
