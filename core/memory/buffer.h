// Memory for bytes on their way in or out, and a pool of it.

#ifndef WEFT_CORE_MEMORY_BUFFER_H_
#define WEFT_CORE_MEMORY_BUFFER_H_

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <map>
#include <utility>
#include <vector>

namespace weft {

// Owns `capacity` uninitialized bytes, or none. Movable, not copyable; its own size is 16 bytes.
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(size_t capacity);
  Buffer(Buffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), capacity_(std::exchange(other.capacity_, 0)) {}
  Buffer& operator=(Buffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(capacity_, other.capacity_);
    return *this;
  }
  ~Buffer() {
    if (data_ != nullptr) std::free(data_);  // most buffers that are moved are empty
  }

  char* data() { return data_; }
  const char* data() const { return data_; }
  size_t capacity() const { return capacity_; }

  // Grows the capacity to at least `capacity`; the existing bytes are kept, at a new address.
  void Grow(size_t capacity);

 private:
  char* data_ = nullptr;
  size_t capacity_ = 0;
};

// Keeps the buffers that connections have released for the next one that needs some, so that an
// idle connection owns none and a busy one allocates none. One pool serves the connections of one
// thread; not thread-safe. It must outlive them.
class BufferPool {
 public:
  // Keeps at most `max_bytes` of unused buffers; buffers returned beyond that are freed.
  explicit BufferPool(size_t max_bytes = kDefaultMaxBytes) : max_bytes_(max_bytes) {}

  // A buffer of at least `capacity` bytes: the one returned last if it has at most about twice as
  // many, otherwise the smallest unused one that is large enough, otherwise a new one. Takes
  // constant time in the first case, otherwise logarithmic time, like Return.
  Buffer Take(size_t capacity) {
    capacity = std::max(capacity, kMinCapacity);
    if (last_.capacity() < capacity || last_.capacity() / 2 > capacity) return TakeOther(capacity);
    return std::move(last_);
  }
  void Return(Buffer buffer) {
    if (last_.capacity() > 0 || !IsKept(buffer.capacity())) return ReturnOther(std::move(buffer));
    last_ = std::move(buffer);
    last_is_new_ = true;
  }

  // Frees the buffers that have not been used since the last call. Call it every few seconds.
  void Trim();

  // Bytes of unused buffers currently held.
  size_t unused_bytes() const { return shelved_bytes_ + last_.capacity(); }

  static constexpr size_t kDefaultMaxBytes = size_t{64} << 20;

  // The size in bytes of the smallest buffer that is allocated, and that is worth keeping.
  static constexpr size_t kMinCapacity = 4096;

 private:
  using Unused = std::multimap<size_t, Buffer>;

  // Whether a buffer is worth keeping, and there is room for it if last_ is empty.
  bool IsKept(size_t capacity) const {
    return capacity >= kMinCapacity && capacity <= max_bytes_ - shelved_bytes_;
  }
  Buffer TakeOther(size_t capacity);
  void ReturnOther(Buffer buffer);
  void ShelveLast();

  // The buffer returned last, or none: a loop that serves one client after the other takes and
  // returns one buffer all the time. Without it the map costs 190 instructions for each event.
  Buffer last_;
  bool last_is_new_ = false;  // it was returned since the last Trim
  Unused shelf_;              // the others, by capacity
  // nodes without a buffer, so that adding a buffer to the map allocates nothing
  std::vector<Unused::node_type> spare_;
  size_t shelved_bytes_ = 0;
  size_t least_shelved_bytes_ = 0;  // since the last Trim: this number was never needed
  size_t max_bytes_;
};

}  // namespace weft

#endif  // WEFT_CORE_MEMORY_BUFFER_H_
