// Output bytes, in the order in which they were queued.

#ifndef WEFT_CORE_MEMORY_WRITE_QUEUE_H_
#define WEFT_CORE_MEMORY_WRITE_QUEUE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <utility>

#include "absl/strings/string_view.h"
#include "weft/core/memory/buffer.h"

namespace weft {

// A queue of bytes that also holds payloads without copying them: at most one borrowed payload, at
// its end, and any number of payloads that an owner keeps alive. Holds no memory while it is empty.
// Not thread-safe.
class WriteQueue {
 public:
  // `pool` may be null.
  explicit WriteQueue(BufferPool* pool) : pool_(pool) {}
  ~WriteQueue() { Clear(); }

  BufferPool* pool() const { return pool_; }

  // Space for at most `size` more bytes at the end; Commit queues the number that was written to
  // it.
  char* Reserve(size_t size) {
    if (!borrowed_.empty()) CopyBorrowed();
    if (size > buffer_.capacity() - end_) MakeRoom(size);
    return buffer_.data() + end_;
  }
  void Commit(size_t size) { end_ += size; }

  // Queues a copy.
  void Append(absl::string_view bytes);

  // Queues `payload` without copying it: it must stay unchanged until it is written, or
  // CopyBorrowed was called, or anything else is appended (which copies it first).
  void AppendBorrowed(absl::string_view payload);

  // The part of the borrowed payload that is not yet written.
  absl::string_view borrowed() const { return borrowed_; }
  void CopyBorrowed();

  // Takes over `buffer`, which contains the borrowed bytes, instead of copying them.
  void AdoptBorrowed(Buffer buffer);

  // Queues `payload` without copying it; it must stay unchanged as long as `owner` lives. `owner`
  // is released when the payload is written.
  void AppendKept(absl::string_view payload, std::shared_ptr<const void> owner);

  // The queued bytes, in order: up to the end of the first kept payload, otherwise all. The second
  // part is the kept or borrowed payload.
  std::array<absl::string_view, 2> parts() const {
    if (kept_ != nullptr) return KeptParts();
    if (begin_ == end_) return {borrowed_, {}};
    return {owned(), borrowed_};
  }

  // The first `size` bytes were written. Nearly always they are all that is queued.
  void Remove(size_t size) {
    if (RemoveAll(size)) ReleaseBuffer();
  }

  // The same, but if they were all, and lay in one small buffer, returns true and holds the buffer
  // until ReleaseBuffer: to return it to the pool, and take it for the next bytes, costs 45
  // instructions.
  bool RemoveAll(size_t size) {
    removed_ += size;
    if (kept_ != nullptr || size != end_ - begin_ || !borrowed_.empty() ||
        buffer_.capacity() > kMaxHeldCapacity) {
      RemovePart(size);
      return false;
    }
    begin_ = end_ = 0;
    return true;
  }
  void ReleaseBuffer() {
    begin_ = end_ = 0;
    Buffer unneeded = std::move(buffer_);
    if (pool_ != nullptr) pool_->Return(std::move(unneeded));
  }
  void Clear();

  bool empty() const { return begin_ == end_ && borrowed_.empty() && kept_ == nullptr; }
  size_t size() const {
    return end_ - begin_ + borrowed_.size() + (kept_ != nullptr ? kept_->bytes : 0);
  }

  // Memory held, in bytes, without kept payloads.
  size_t capacity() const { return buffer_.capacity() + (kept_ != nullptr ? kept_->capacity : 0); }

  // The total number of bytes removed, and of bytes queued: the positions of both ends in the
  // stream.
  uint64_t removed() const { return removed_; }
  uint64_t appended() const { return removed_ + size(); }

 private:
  // A kept payload and the bytes before it: [begin, end) of the buffer.
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
  void MakeRoom(size_t size) {
    if (buffer_.capacity() > 0 || pool_ == nullptr) return GrowFor(size);
    buffer_ = pool_->Take(size);
  }
  [[gnu::noinline]] void GrowFor(size_t size);
  void RemovePart(size_t size);

  static constexpr size_t kMaxHeldCapacity = 16 << 10;

  BufferPool* const pool_;
  Buffer buffer_;  // the queued bytes are [begin_, end_) of it
  size_t begin_ = 0;
  size_t end_ = 0;
  absl::string_view borrowed_;
  uint64_t removed_ = 0;
  // the chunks before buffer_; null: none, which is the common case
  std::unique_ptr<KeptList> kept_;
};

}  // namespace weft

#endif  // WEFT_CORE_MEMORY_WRITE_QUEUE_H_
