#include "weft/core/memory/write_queue.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace weft {

void WriteQueue::Append(absl::string_view bytes) {
  if (bytes.empty()) return;
  std::memcpy(Reserve(bytes.size()), bytes.data(), bytes.size());
  Commit(bytes.size());
}

void WriteQueue::AppendBorrowed(absl::string_view payload) {
  if (!borrowed_.empty()) CopyBorrowed();
  borrowed_ = payload;
}

void WriteQueue::CopyBorrowed() { Append(std::exchange(borrowed_, {})); }

void WriteQueue::AdoptBorrowed(Buffer buffer) {
  const absl::string_view payload = std::exchange(borrowed_, {});
  const size_t offset = payload.data() - buffer.data();
  const absl::string_view ahead = owned();
  if (ahead.size() > offset) {  // no space before the payload for the queued bytes: copy it
    borrowed_ = payload;
    CopyBorrowed();
    return;
  }
  // memcpy must not get a null pointer, and an empty queue has no buffer.
  if (!ahead.empty()) {
    std::memcpy(buffer.data() + offset - ahead.size(), ahead.data(), ahead.size());
  }
  begin_ = offset - ahead.size();
  end_ = offset + payload.size();
  std::swap(buffer_, buffer);
  if (pool_ != nullptr) pool_->Return(std::move(buffer));
}

void WriteQueue::AppendKept(absl::string_view payload, std::shared_ptr<const void> owner) {
  if (payload.empty()) return;
  if (!borrowed_.empty()) CopyBorrowed();
  if (kept_ == nullptr) kept_ = std::make_unique<KeptList>();
  kept_->bytes += end_ - begin_ + payload.size();
  kept_->capacity += buffer_.capacity();
  kept_->list.push_back({.buffer = std::exchange(buffer_, Buffer()),
                         .begin = begin_,
                         .end = end_,
                         .payload = payload,
                         .owner = std::move(owner)});
  begin_ = end_ = 0;
}

std::array<absl::string_view, 2> WriteQueue::KeptParts() const {
  const Kept& first = kept_->list.front();
  if (first.begin == first.end) return {first.payload, {}};
  return {absl::string_view(first.buffer.data() + first.begin, first.end - first.begin),
          first.payload};
}

// Returns how many of the bytes come after all kept payloads.
size_t WriteQueue::RemoveKept(size_t size) {
  while (true) {
    Kept& first = kept_->list.front();
    const size_t ahead = std::min(size, first.end - first.begin);
    const size_t payload = std::min(size - ahead, first.payload.size());
    first.begin += ahead;
    first.payload.remove_prefix(payload);
    kept_->bytes -= ahead + payload;
    size -= ahead + payload;
    if (!first.payload.empty()) return size;
    kept_->capacity -= first.buffer.capacity();
    if (pool_ != nullptr) pool_->Return(std::move(first.buffer));
    kept_->list.pop_front();
    if (kept_->list.empty()) {
      kept_.reset();
      return size;
    }
  }
}

void WriteQueue::RemovePart(size_t size) {
  if (kept_ != nullptr) {
    size = RemoveKept(size);
    if (kept_ != nullptr || size == 0) return;
  }
  const size_t owned_size = std::min(size, end_ - begin_);
  begin_ += owned_size;
  borrowed_.remove_prefix(size - owned_size);
  if (begin_ == end_) ReleaseBuffer();
}

void WriteQueue::Clear() {
  kept_.reset();
  borrowed_ = {};
  ReleaseBuffer();
}

void WriteQueue::GrowFor(size_t size) {
  const size_t used = end_ - begin_;
  if (buffer_.capacity() == 0) {
    buffer_ = Buffer(size);
    return;
  }
  // Moves the bytes to the front only if more was written than remains: the bytes written then pay
  // for the move.
  if (begin_ >= used && size <= buffer_.capacity() - used) {
    std::memcpy(buffer_.data(), buffer_.data() + begin_, used);
    begin_ = 0;
    end_ = used;
    return;
  }
  buffer_.Grow(std::max(end_ + size, 2 * buffer_.capacity()));
}

}  // namespace weft
