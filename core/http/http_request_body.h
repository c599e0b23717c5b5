// The body of an HTTP/1.1 request (RFC 9112, sections 6 and 7).

#ifndef WEFT_CORE_HTTP_HTTP_REQUEST_BODY_H_
#define WEFT_CORE_HTTP_HTTP_REQUEST_BODY_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "weft/core/http/http.h"

namespace weft {

// Gathers a body that arrives in pieces. Strict, unlike HttpBody, whose result is only shown to a
// person: if a server and the proxy in front of it disagree where a body ends, the server reads the
// rest as a request that the proxy has not checked. Memory grows with the bytes received, never
// with an announced length. Not thread-safe.
//
//   absl::StatusOr<HttpRequestBody> body = HttpRequestBody::Of(*request, 1 << 20);
//   if (!body.ok()) return Refuse(body.status());
//   while (!body->done()) {
//     absl::StatusOr<size_t> taken = body->Append(Read());
//     if (!taken.ok()) return Refuse(taken.status());
//   }
//   ... body->text(); the bytes that Append did not take are the next request
class HttpRequestBody {
 public:
  // The body of a request with the head `head`. Errors, by HttpStatusOf: 400 if the length is given
  // twice or both ways, is not a number, or is given by chunks in HTTP/1.0; 413 if it exceeds
  // `max_bytes`; 501 for a transfer coding besides chunked.
  static absl::StatusOr<HttpRequestBody> Of(const HttpRequest& head, size_t max_bytes);

  // Removes the bytes that belong to the body from the front of `in`, and returns their number:
  // fewer than all only when the body is done. Errors: 400 for an invalid chunk, 413 over
  // `max_bytes`, 431 for trailers over the limit. After an error do not call it again.
  absl::StatusOr<size_t> Append(absl::string_view in);

  bool done() const { return state_ == State::kDone; }

  const std::string& text() const { return text_; }

  // Memory held, in bytes.
  size_t buffered_bytes() const { return text_.capacity() + line_.capacity(); }

 private:
  enum class State : uint8_t {
    kData,
    kChunkEnd,   // the line end after a chunk
    kChunkSize,  // the line before a chunk
    kTrailers,   // lines after the last chunk, which are ignored
    kDone,
  };

  explicit HttpRequestBody(size_t max_bytes) : max_bytes_(max_bytes) {}

  void TakeData(absl::string_view* in);
  absl::Status TakeLine(absl::string_view line);
  absl::Status TakeChunkSize(absl::string_view line);

  size_t max_bytes_;
  bool chunked_ = false;
  State state_ = State::kDone;
  uint64_t left_ = 0;         // bytes still to come: of the body, or of the chunk
  size_t trailer_bytes_ = 0;  // of all trailer lines
  std::string line_;          // the part received so far
  std::string text_;
};

}  // namespace weft

#endif  // WEFT_CORE_HTTP_HTTP_REQUEST_BODY_H_
