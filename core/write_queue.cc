#include "weft/core/write_queue.h"

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
  if (ahead.size() > offset) {  // no room in front for what goes first: copy after all
    borrowed_ = payload;
    CopyBorrowed();
    return;
  }
  // memcpy wants no null pointer, and an empty queue has no buffer.
  if (!ahead.empty()) {
    std::memcpy(buffer.data() + offset - ahead.size(), ahead.data(), ahead.size());
  }
  begin_ = offset - ahead.size();
  end_ = offset + payload.size();
  std::swap(buffer_, buffer);
  if (pool_ != nullptr) pool_->Return(std::move(buffer));
}

void WriteQueue::Remove(size_t size) {
  removed_ += size;
  const size_t owned_size = std::min(size, end_ - begin_);
  begin_ += owned_size;
  borrowed_.remove_prefix(size - owned_size);
  if (begin_ == end_) ReleaseBuffer();
}

void WriteQueue::Clear() {
  borrowed_ = {};
  ReleaseBuffer();
}

void WriteQueue::ReleaseBuffer() {
  begin_ = end_ = 0;
  Buffer unneeded = std::move(buffer_);
  if (pool_ != nullptr) pool_->Return(std::move(unneeded));
}

void WriteQueue::MakeRoom(size_t size) {
  const size_t used = end_ - begin_;
  if (buffer_.capacity() == 0) {
    buffer_ = pool_ != nullptr ? pool_->Take(size) : Buffer(size);
    return;
  }
  // Moving the bytes to the front is worth it where more was written than is left: the cost is then
  // paid by what was written.
  if (begin_ >= used && size <= buffer_.capacity() - used) {
    std::memcpy(buffer_.data(), buffer_.data() + begin_, used);
    begin_ = 0;
    end_ = used;
    return;
  }
  buffer_.Grow(std::max(end_ + size, 2 * buffer_.capacity()));
}

}  // namespace weft
