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

Buffer BufferPool::TakeOther(size_t capacity) {
  if (last_.capacity() > 0) ShelveLast();
  const auto found = shelf_.lower_bound(capacity);
  if (found == shelf_.end()) return Buffer(capacity);
  shelved_bytes_ -= found->first;
  least_shelved_bytes_ = std::min(least_shelved_bytes_, shelved_bytes_);
  spare_.push_back(shelf_.extract(found));
  return std::move(spare_.back().mapped());
}

void BufferPool::ReturnOther(Buffer buffer) {
  if (buffer.capacity() < kMinCapacity || buffer.capacity() > max_bytes_ - unused_bytes()) return;
  ShelveLast();
  last_ = std::move(buffer);
  last_is_new_ = true;
}

// Placed before the others of its size: the buffer returned last may be in the cache.
void BufferPool::ShelveLast() {
  const size_t capacity = last_.capacity();
  shelved_bytes_ += capacity;
  const auto place = shelf_.lower_bound(capacity);
  if (spare_.empty()) {
    shelf_.emplace_hint(place, capacity, std::move(last_));
    return;
  }
  Unused::node_type node = std::move(spare_.back());
  spare_.pop_back();
  node.key() = capacity;
  node.mapped() = std::move(last_);
  shelf_.insert(place, std::move(node));
}

void BufferPool::Trim() {
  if (!std::exchange(last_is_new_, false)) last_ = Buffer();
  // The buffers that were unused since the last Trim, largest first: they cost the most to keep.
  size_t surplus = least_shelved_bytes_;
  for (auto it = shelf_.end(); it != shelf_.begin();) {
    --it;
    if (it->first > surplus) continue;
    surplus -= it->first;
    shelved_bytes_ -= it->first;
    it = shelf_.erase(it);
  }
  spare_.clear();
  least_shelved_bytes_ = shelved_bytes_;
}

}  // namespace weft
