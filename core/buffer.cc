#include "weft/core/buffer.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "weft/core/bad_alloc.h"

namespace weft {

Buffer::Buffer(size_t capacity) { Grow(capacity); }

void Buffer::Grow(size_t capacity) {
  if (capacity <= capacity_) return;
  // realloc, because it can move large blocks by changing page tables instead of copying bytes.
  void* grown = std::realloc(data_, capacity);
  if (grown == nullptr) FailToAllocate();
  data_ = static_cast<char*>(grown);
  capacity_ = capacity;
}

Buffer BufferPool::Take(size_t capacity) {
  // From the back, the smallest, on: the first that is large enough is the one.
  for (auto it = unused_.rbegin(); it != unused_.rend(); ++it) {
    if (it->capacity() < capacity) continue;
    Buffer buffer = std::move(*it);
    unused_.erase(std::next(it).base());
    unused_bytes_ -= buffer.capacity();
    least_unused_bytes_ = std::min(least_unused_bytes_, unused_bytes_);
    return buffer;
  }
  return Buffer(std::max(capacity, kMinCapacity));
}

void BufferPool::Return(Buffer buffer) {
  if (buffer.capacity() < kMinCapacity || buffer.capacity() > max_bytes_ - unused_bytes_) return;
  unused_bytes_ += buffer.capacity();
  auto larger = [](const Buffer& a, const Buffer& b) { return a.capacity() > b.capacity(); };
  auto place = std::upper_bound(unused_.begin(), unused_.end(), buffer, larger);
  unused_.insert(place, std::move(buffer));
}

void BufferPool::Trim() {
  // The bytes that lay here all the time, largest buffers first: they cost the most to keep.
  size_t surplus = least_unused_bytes_;
  for (auto it = unused_.begin(); it != unused_.end();) {
    if (it->capacity() > surplus) {
      ++it;
      continue;
    }
    surplus -= it->capacity();
    unused_bytes_ -= it->capacity();
    it = unused_.erase(it);
  }
  least_unused_bytes_ = unused_bytes_;
}

}  // namespace weft
