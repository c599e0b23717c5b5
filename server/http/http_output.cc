#include "weft/server/http/http_output.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "weft/transport/string_memory.h"

namespace weft {
namespace {

// A body of this size is not copied to the head before it.
constexpr size_t kLarge = 16 << 10;

// The part of a file that is in memory at once.
constexpr size_t kPiece = 64 << 10;

constexpr int kWritesPerTurn = 4;

}  // namespace

void HttpOutput::Add(absl::string_view text) { absl::StrAppend(&head_, text); }

void HttpOutput::Add(absl::string_view head, std::string body) {
  Add(head);
  if (body.size() < kLarge) return Add(body);
  body_ = std::move(body);
}

void HttpOutput::Add(absl::string_view head, UniqueFd file, uint64_t bytes) {
  Add(head);
  file_ = std::move(file);
  file_at_ = 0;
  file_left_ = bytes;
}

IoResult HttpOutput::Write(Stream& stream) {
  IoResult sum;
  for (int i = 0; i < kWritesPerTurn && !empty(); ++i) {
    if (body_.empty() && file_left_ > 0 && !ReadPiece()) {
      return {.status = IoStatus::kError, .error = EIO, .bytes = sum.bytes};
    }
    const size_t of_head = std::min(written_, head_.size());
    const std::array<absl::string_view, 2> parts = {
        absl::string_view(head_).substr(of_head),
        absl::string_view(body_).substr(written_ - of_head)};
    IoResult result = stream.Writev(parts);
    written_ += result.bytes;
    if (unwritten() == 0) {
      written_ = 0;
      head_.clear();
      body_.clear();
      if (file_left_ == 0) Release();
    }
    result.bytes += sum.bytes;
    sum = result;
    if (!result.ok()) break;
  }
  return sum;
}

// An idle connection holds no buffers.
void HttpOutput::Release() {
  ReleaseMemory(head_);
  ReleaseMemory(body_);
  file_.reset();
}

// Reads the next part of the file into body_.
bool HttpOutput::ReadPiece() {
  body_.resize(std::min<uint64_t>(file_left_, kPiece));
  size_t size = 0;
  while (size < body_.size()) {
    const ssize_t n = pread(file_.get(), body_.data() + size, body_.size() - size, file_at_ + size);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      file_failed_ = true;
      return false;
    }
    size += n;
  }
  file_at_ += size;
  file_left_ -= size;
  return true;
}

}  // namespace weft
