// Bytes on their way out, in the order in which they were queued.

#ifndef WEFT_CORE_MEMORY_WRITE_QUEUE_H_
#define WEFT_CORE_MEMORY_WRITE_QUEUE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>

#include "absl/strings/string_view.h"
#include "weft/core/memory/buffer.h"

namespace weft {

// A queue of bytes, with payloads in it that are not copied: at most one that is borrowed, at its
// end, and any that are kept alive by what owns them. Holds no memory while it is empty. Not
// thread-safe.
class WriteQueue {
 public:
  // `pool` may be null.
  explicit WriteQueue(BufferPool* pool) : pool_(pool) {}
  ~WriteQueue() { Clear(); }

  BufferPool* pool() const { return pool_; }

  // Room for at most `size` more bytes at the end; Commit queues as many of them as were written.
  char* Reserve(size_t size) {
    if (!borrowed_.empty()) CopyBorrowed();
    if (size > buffer_.capacity() - end_) MakeRoom(size);
    return buffer_.data() + end_;
  }
  void Commit(size_t size) { end_ += size; }

  // Queues a copy.
  void Append(absl::string_view bytes);

  // Queues `payload`, not copied: it must stay as it is until it is written, or CopyBorrowed was
  // called, or anything else is appended (which copies it first).
  void AppendBorrowed(absl::string_view payload);

  // What is borrowed and not yet written.
  absl::string_view borrowed() const { return borrowed_; }
  void CopyBorrowed();

  // Takes over `buffer`, which the borrowed bytes lie in, instead of copying them.
  void AdoptBorrowed(Buffer buffer);

  // Queues `payload`, not copied, which stays as it is as long as `owner` lives: until it is
  // written. `owner` is let go then.
  void AppendKept(absl::string_view payload, std::shared_ptr<const void> owner);

  // What is queued, in order: up to the end of the first payload that is kept, else all of it. The
  // second part is what is kept or borrowed.
  std::array<absl::string_view, 2> parts() const {
    if (kept_ != nullptr) return KeptParts();
    if (begin_ == end_) return {borrowed_, {}};
    return {owned(), borrowed_};
  }

  // The first `size` bytes are written.
  void Remove(size_t size);
  void Clear();

  size_t size() const {
    return end_ - begin_ + borrowed_.size() + (kept_ != nullptr ? kept_->bytes : 0);
  }

  // Memory held, in bytes, but for payloads that are kept.
  size_t capacity() const { return buffer_.capacity() + (kept_ != nullptr ? kept_->capacity : 0); }

  // Bytes removed in all, and bytes queued in all: the positions of both ends in the stream.
  uint64_t removed() const { return removed_; }
  uint64_t appended() const { return removed_ + size(); }

 private:
  // A payload that is kept, and what goes before it: [begin, end) of the buffer.
  struct Kept {
    Buffer buffer;
    size_t begin, end;
    absl::string_view payload;
    std::shared_ptr<const void> owner;
  };
  struct KeptList {
    std::deque<Kept> list;
    size_t bytes = 0;     // to be written
    size_t capacity = 0;  // of the buffers
  };

  absl::string_view owned() const { return {buffer_.data() + begin_, end_ - begin_}; }
  std::array<absl::string_view, 2> KeptParts() const;
  size_t RemoveKept(size_t size);
  void MakeRoom(size_t size);
  void ReleaseBuffer();

  BufferPool* const pool_;
  Buffer buffer_;  // the queued bytes are [begin_, end_) of it
  size_t begin_ = 0;
  size_t end_ = 0;
  absl::string_view borrowed_;
  uint64_t removed_ = 0;
  std::unique_ptr<KeptList> kept_;  // what goes before buffer_; null: nothing, as mostly
};

}  // namespace weft

#endif  // WEFT_CORE_MEMORY_WRITE_QUEUE_H_
