// The start of the body of an HTTP/1.1 response (RFC 9112, section 6).

#ifndef WEFT_CORE_HTTP_HTTP_BODY_H_
#define WEFT_CORE_HTTP_HTTP_BODY_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "weft/core/http/http.h"

namespace weft {

// Takes the bytes after a head, in pieces, and keeps the first bytes of the body. The body ends as
// Content-Length, the chunks, or the end of the stream determine. Not thread-safe.
//
//   HttpBody body(*response, 4096);
//   body.Append(received.substr(head_size));
//   while (!body.done() && Read(&bytes)) body.Append(bytes);
//   ... body.text()
class HttpBody {
 public:
  // The body of the response to a GET with the head `head`; keeps at most `max_bytes`.
  HttpBody(const HttpResponse& head, size_t max_bytes);

  void Append(absl::string_view bytes);

  // Whether no more input is needed: the body is complete, `max_bytes` were kept, or the input is
  // not a valid body. Bytes after the body are ignored.
  bool done() const { return done_; }

  const std::string& text() const { return text_; }

 private:
  void TakeData(absl::string_view* bytes);
  void TakeChunkSize(absl::string_view* bytes);

  const size_t max_bytes_;
  bool chunked_ = false;
  bool done_ = false;
  uint64_t left_ = 0;  // bytes still to come: of the body, or of the chunk
  std::string line_;   // the part of a chunk's size line read so far
  std::string text_;
};

}  // namespace weft

#endif  // WEFT_CORE_HTTP_HTTP_BODY_H_
