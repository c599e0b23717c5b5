#include "weft/core/memory/buffer.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "weft/core/memory/bad_alloc.h"

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
  capacity = std::max(capacity, kMinCapacity);
  if (last_.capacity() < capacity || last_.capacity() / 2 > capacity) return TakeOther(capacity);
  CountTaken(last_.capacity());
  return std::move(last_);
}

Buffer BufferPool::TakeOther(size_t capacity) {
  if (last_.capacity() > 0) Shelve(std::move(last_));
  const auto found = unused_.lower_bound(capacity);
  if (found == unused_.end()) return Buffer(capacity);
  CountTaken(found->first);
  spare_.push_back(unused_.extract(found));
  return std::move(spare_.back().mapped());
}

void BufferPool::CountTaken(size_t capacity) {
  unused_bytes_ -= capacity;
  least_unused_bytes_ = std::min(least_unused_bytes_, unused_bytes_);
}

void BufferPool::Return(Buffer buffer) {
  const size_t capacity = buffer.capacity();
  if (capacity < kMinCapacity || capacity > max_bytes_ - unused_bytes_) return;
  unused_bytes_ += capacity;
  if (last_.capacity() > 0) Shelve(std::move(last_));
  last_ = std::move(buffer);
}

// Placed before the others of its size: the buffer returned last may be in the cache.
void BufferPool::Shelve(Buffer buffer) {
  const size_t capacity = buffer.capacity();
  const auto place = unused_.lower_bound(capacity);
  if (spare_.empty()) {
    unused_.emplace_hint(place, capacity, std::move(buffer));
    return;
  }
  Unused::node_type node = std::move(spare_.back());
  spare_.pop_back();
  node.key() = capacity;
  node.mapped() = std::move(buffer);
  unused_.insert(place, std::move(node));
}

void BufferPool::Trim() {
  if (last_.capacity() > 0) Shelve(std::move(last_));
  // The buffers that were unused since the last Trim, largest first: they cost the most to keep.
  size_t surplus = least_unused_bytes_;
  for (auto it = unused_.end(); it != unused_.begin();) {
    --it;
    if (it->first > surplus) continue;
    surplus -= it->first;
    unused_bytes_ -= it->first;
    it = unused_.erase(it);
  }
  spare_.clear();
  least_unused_bytes_ = unused_bytes_;
}

}  // namespace weft
