// The unwritten responses of an HTTP connection.

#ifndef WEFT_SERVER_HTTP_HTTP_OUTPUT_H_
#define WEFT_SERVER_HTTP_HTTP_OUTPUT_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "weft/transport/fd.h"
#include "weft/transport/io.h"
#include "weft/transport/stream.h"
#include "weft/transport/string_memory.h"

namespace weft {

// Responses in order. Small ones are gathered and written together. Not thread-safe.
class HttpOutput {
 public:
  // Call it only if full() is false.
  void Add(absl::string_view text);
  void Add(absl::string_view head, std::string body);
  void Add(absl::string_view head, UniqueFd file, uint64_t bytes);

  // Whether everything is written.
  bool empty() const { return unwritten() == 0 && file_left_ == 0; }

  // Whether no further response should be added before more of these are written.
  bool full() const { return !body_.empty() || file_left_ > 0 || unwritten() >= kFull; }

  // Writes as much as the stream accepts, but only a limited part of a file, so that other sessions
  // need not wait: on kOk with data left, call it again in the next turn. kError with file_failed()
  // is an error of the file.
  IoResult Write(Stream& stream);
  bool file_failed() const { return file_failed_; }

  // Bytes held in memory.
  size_t buffered_bytes() const { return MemoryOf(head_) + MemoryOf(body_); }

 private:
  static constexpr size_t kFull = 64 << 10;

  size_t unwritten() const { return head_.size() + body_.size() - written_; }
  bool ReadPiece();
  void Release();

  std::string head_;  // and small bodies
  std::string body_;  // a large one, or a part of the file, after head_
  size_t written_ = 0;
  UniqueFd file_;
  uint64_t file_at_ = 0;
  uint64_t file_left_ = 0;
  bool file_failed_ = false;
};

}  // namespace weft

#endif  // WEFT_SERVER_HTTP_HTTP_OUTPUT_H_
