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

// Gathers a body from the pieces it comes in. Strict, unlike HttpBody, which only wants to show a
// person something: who takes another byte for the body's last than the proxy in front of it takes
// the rest for a request that the proxy has not seen. Memory grows with what comes, never with a
// length that was told. Not thread-safe.
//
//   absl::StatusOr<HttpRequestBody> body = HttpRequestBody::Of(*request, 1 << 20);
//   if (!body.ok()) return Refuse(body.status());
//   while (!body->done()) {
//     absl::StatusOr<size_t> taken = body->Append(Read());
//     if (!taken.ok()) return Refuse(taken.status());
//   }
//   ... body->text(); what Append did not take is the next request
class HttpRequestBody {
 public:
  // Of a request with the head `head`. The errors are, by HttpStatusOf: 400 when the length is told
  // twice, in both ways, in a way that is no number, or by chunks in HTTP/1.0; 413 when it is over
  // `max_bytes`; 501 for a transfer coding beside chunked.
  static absl::StatusOr<HttpRequestBody> Of(const HttpRequest& head, size_t max_bytes);

  // Takes what belongs to the body off the front of `in`, and returns how many bytes those are:
  // fewer than all only when the body is done. Errors: 400 for what is no chunk, 413 over
  // `max_bytes`, 431 for trailers without end. Then do not go on.
  absl::StatusOr<size_t> Append(absl::string_view in);

  bool done() const { return state_ == State::kDone; }

  const std::string& text() const { return text_; }

  // Memory held for it, in bytes.
  size_t buffered_bytes() const { return text_.capacity() + line_.capacity(); }

 private:
  enum class State : uint8_t {
    kData,
    kChunkEnd,   // the line's end behind a chunk
    kChunkSize,  // the line in front of one
    kTrailers,   // lines behind the last one, which are ignored
    kDone,
  };

  explicit HttpRequestBody(size_t max_bytes) : max_bytes_(max_bytes) {}

  void TakeData(absl::string_view* in);
  absl::Status TakeLine(absl::string_view line);
  absl::Status TakeChunkSize(absl::string_view line);

  size_t max_bytes_;
  bool chunked_ = false;
  State state_ = State::kDone;
  uint64_t left_ = 0;         // bytes to come: of the body, or of the chunk
  size_t trailer_bytes_ = 0;  // of all lines
  std::string line_;          // as far as it has come
  std::string text_;
};

}  // namespace weft

#endif  // WEFT_CORE_HTTP_HTTP_REQUEST_BODY_H_
