// The bytes that a connection has read and still needs.

#ifndef WEFT_CORE_MEMORY_INPUT_WINDOW_H_
#define WEFT_CORE_MEMORY_INPUT_WINDOW_H_

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "weft/core/memory/buffer.h"

namespace weft {

// A window on the input: the payload of a message so far, joined, and after it the bytes that were
// read and are not parsed yet. Headers that were parsed leave a gap between the two.
//
//   data_  ...  [message_begin_, message_end_)  ...  [parsed_, end_)
//
// The memory is borrowed (the scratch buffer that an event loop shares among its connections), or
// the window's own, or there is none. A `pool` may be null, and is the same in every call. Not
// thread-safe.
class InputWindow {
 public:
  // ---- Reading

  // Where to read into: `scratch`, or space after the bytes that the window holds in its own
  // memory. `missing` is the number of bytes that the message in progress lacks, or 0 if that is
  // unknown. Call it when the window is empty or owns its memory. Never empty, unless `scratch` is.
  absl::Span<char> ReadBuffer(absl::Span<char> scratch, uint64_t missing, BufferPool* pool);

  // The same for a window without memory, where it is `scratch`.
  absl::Span<char> Borrow(absl::Span<char> scratch) {
    data_ = scratch.data();
    return scratch;
  }
  void DidRead(size_t size) { end_ += size; }

  // Copies what borrowed memory holds to own memory, so that the borrowed memory is free. Expects
  // `missing` further bytes, but reserves memory for at most as many as have arrived.
  void Keep(uint64_t missing, BufferPool* pool);

  // Forgets all bytes and releases the memory.
  void Drop(BufferPool* pool) {
    data_ = nullptr;
    message_begin_ = message_end_ = parsed_ = end_ = 0;
    if (own_.capacity() > 0) ReleaseOwn(pool);
  }

  // ---- Bytes that are not parsed

  char* unparsed() const { return data_ + parsed_; }
  size_t unparsed_bytes() const { return end_ - parsed_; }
  void Skip(size_t size) { parsed_ += size; }

  // ---- The message

  absl::string_view message() const {
    return {data_ + message_begin_, message_end_ - message_begin_};
  }

  // Starts a message, which is empty, at the first byte that is not parsed.
  void StartMessage() { message_begin_ = message_end_ = parsed_; }

  // The next `size` bytes are a whole message. Returns its address.
  char* TakeMessage(size_t size) {
    message_begin_ = parsed_;
    message_end_ = parsed_ += size;
    return data_ + message_begin_;
  }

  // The next `size` bytes, which the caller has moved to message_end(), are a part of the message.
  char* message_end() const { return data_ + message_end_; }
  void ExtendMessage(size_t size) {
    parsed_ += size;
    message_end_ += size;
  }

  // The first `size` bytes of the message are not needed.
  void TrimMessage(size_t size) { message_begin_ += size; }

  // ---- Memory

  bool has_memory() const { return data_ != nullptr; }
  bool owns_memory() const { return data_ != nullptr && data_ == own_.data(); }
  size_t capacity() const { return own_.capacity(); }  // of own memory
  size_t held_bytes() const { return message().size() + unparsed_bytes(); }

  // Whether `bytes` lie in what was read.
  bool Contains(absl::string_view bytes) const;

  // Whether `bytes` fill at least half of the window's own memory, and all of it is parsed.
  bool IsFilledBy(absl::string_view bytes) const;

  // Gives the own memory away: from then on it counts as borrowed.
  Buffer GiveMemory();

 private:
  void Move(char* to, size_t offset);
  void ReleaseOwn(BufferPool* pool);

  char* data_ = nullptr;
  size_t message_begin_ = 0;
  size_t message_end_ = 0;
  size_t parsed_ = 0;
  size_t end_ = 0;
  Buffer own_;
};

}  // namespace weft

#endif  // WEFT_CORE_MEMORY_INPUT_WINDOW_H_
