// The start of the body of an HTTP/1.1 response (RFC 9112, section 6).

#ifndef WEFT_CORE_HTTP_HTTP_BODY_H_
#define WEFT_CORE_HTTP_HTTP_BODY_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "weft/core/http/http.h"

namespace weft {

// Takes what comes behind a head, in pieces, and keeps the body's first bytes; the length may be
// told by Content-Length, by chunks, or by the end of the stream. Not thread-safe.
//
//   HttpBody body(*response, 4096);
//   body.Append(received.substr(head_size));
//   while (!body.done() && Read(&bytes)) body.Append(bytes);
//   ... body.text()
class HttpBody {
 public:
  // Of a response to a GET with the head `head`; keeps at most `max_bytes`.
  HttpBody(const HttpResponse& head, size_t max_bytes);

  void Append(absl::string_view bytes);

  // Whether no more is wanted: the body is complete, or `max_bytes` are there, or what came is no
  // body. Bytes behind the body are not looked at.
  bool done() const { return done_; }

  const std::string& text() const { return text_; }

 private:
  void TakeData(absl::string_view* bytes);
  void TakeChunkSize(absl::string_view* bytes);

  const size_t max_bytes_;
  bool chunked_ = false;
  bool done_ = false;
  uint64_t left_ = 0;  // bytes to come: of the body, or of the chunk
  std::string line_;   // of a chunk's size, as far as it has come
  std::string text_;
};

}  // namespace weft

#endif  // WEFT_CORE_HTTP_HTTP_BODY_H_
