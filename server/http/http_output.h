// The answers that an HTTP connection has to write.

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

// Answers in their order. Small ones are gathered, and leave in one write. Not thread-safe.
class HttpOutput {
 public:
  // Only where full() is false.
  void Add(absl::string_view text);
  void Add(absl::string_view head, std::string body);
  void Add(absl::string_view head, UniqueFd file, uint64_t bytes);

  // All is written.
  bool empty() const { return unwritten() == 0 && file_left_ == 0; }

  // No further answer should be made before more of these are written.
  bool full() const { return !body_.empty() || file_left_ > 0 || unwritten() >= kFull; }

  // Writes what the stream takes, but of a file not so much that others wait for long: with kOk
  // and something left, call it in the next turn. kError with file_failed() is the file's.
  IoResult Write(Stream& stream);
  bool file_failed() const { return file_failed_; }

  // What is held in memory.
  size_t buffered_bytes() const { return MemoryOf(head_) + MemoryOf(body_); }

 private:
  static constexpr size_t kFull = 64 << 10;

  size_t unwritten() const { return head_.size() + body_.size() - written_; }
  bool ReadPiece();
  void Release();

  std::string head_;  // and small bodies
  std::string body_;  // a large one, or a piece of the file: behind head_
  size_t written_ = 0;
  UniqueFd file_;
  uint64_t file_at_ = 0;
  uint64_t file_left_ = 0;
  bool file_failed_ = false;
};

}  // namespace weft

#endif  // WEFT_SERVER_HTTP_HTTP_OUTPUT_H_
