#include "weft/core/memory/input_window.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <functional>
#include <utility>

namespace weft {
namespace {

// Kept bytes up to this size are moved to the front of the next read, so that the next read is as
// large as the scratch buffer. More bytes stay in the window's own memory.
constexpr size_t kSmallTail = 4096;

// Bytes reserved before kept input, so that a header fits in front of a payload that is sent back
// (WriteQueue::AdoptBorrowed).
constexpr size_t kHeadroom = 16;

bool LieIn(absl::string_view outer, absl::string_view inner) {
  std::less_equal<const char*> le;
  return le(outer.data(), inner.data()) &&
         le(inner.data() + inner.size(), outer.data() + outer.size());
}

}  // namespace

absl::Span<char> InputWindow::ReadBuffer(absl::Span<char> scratch, uint64_t missing,
                                         BufferPool* pool) {
  if (data_ == nullptr) return Borrow(scratch);

  const size_t held = held_bytes();
  if (held <= std::min(kSmallTail, scratch.size() / 2)) {
    Move(scratch.data(), 0);
    ReleaseOwn(pool);
    return scratch.subspan(held);
  }

  // Appends to the bytes that are already held. The memory grows with the bytes received, never
  // with the length that a header announces (record: R2). It at most doubles, and only when most of
  // it is used: otherwise a peer that sends single bytes could make each one move all the others.
  // The bytes move to the front when those before them, which are done with, are as many: messages
  // that lie across the reads would otherwise push the window ever further.
  Move(own_.data(), message_begin_ > kHeadroom + held ? kHeadroom : message_begin_);
  const uint64_t wanted = missing > 0 ? missing : std::max(held, scratch.size());
  const uint64_t growth = std::min<uint64_t>(wanted, std::max(held, kSmallTail));
  if (own_.capacity() - end_ <= growth / 4) own_.Grow(end_ + growth);
  data_ = own_.data();
  // At most as many bytes as the scratch buffer holds, so that they are unmasked while they are in
  // the cache.
  const size_t room = std::min(own_.capacity() - end_, scratch.size());
  return absl::MakeSpan(data_ + end_, std::min<uint64_t>(wanted, room));
}

void InputWindow::Keep(uint64_t missing, BufferPool* pool) {
  const size_t held = held_bytes();
  if (held == 0) return Drop(pool);
  if (owns_memory()) return;
  const size_t capacity = kHeadroom + held + std::min<uint64_t>(missing, held);
  // A few header bytes do not justify one of the pool's larger buffers.
  const bool pooled = pool != nullptr && capacity >= BufferPool::kMinCapacity / 2;
  own_ = pooled ? pool->Take(capacity) : Buffer(capacity);
  Move(own_.data(), kHeadroom);
}

bool InputWindow::Contains(absl::string_view bytes) const { return LieIn({data_, end_}, bytes); }

bool InputWindow::IsFilledBy(absl::string_view bytes) const {
  return owns_memory() && parsed_ == end_ && LieIn({own_.data(), own_.capacity()}, bytes) &&
         bytes.size() >= own_.capacity() / 2;
}

Buffer InputWindow::GiveMemory() { return std::move(own_); }

void InputWindow::ReleaseOwn(BufferPool* pool) {
  Buffer released = std::move(own_);
  if (pool != nullptr) pool->Return(std::move(released));
}

// Moves all bytes to `to`, which is scratch or own memory, `offset` bytes after its beginning.
void InputWindow::Move(char* to, size_t offset) {
  assert(to != nullptr && data_ != nullptr);
  const size_t message = message_end_ - message_begin_;
  const size_t unparsed = end_ - parsed_;
  // A large message stays where it is from read to read; only the bytes after it move.
  if (to + offset != data_ + message_begin_) {
    std::memmove(to + offset, data_ + message_begin_, message);
  }
  std::memmove(to + offset + message, data_ + parsed_, unparsed);
  data_ = to;
  message_begin_ = offset;
  message_end_ = parsed_ = offset + message;
  end_ = parsed_ + unparsed;
}

}  // namespace weft
